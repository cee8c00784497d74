/* SPDX-License-Identifier: MIT */
/* kymo.h, as the library's own files see it. */
#ifndef KYI_PUBLIC_H
#define KYI_PUBLIC_H

/* Objects of libkymo.a are hidden in the program that has them: it would give
   those that it has to a library that brings libkymo.so, and the two would be
   mixed, each with half of the other's state. */
#if !defined(KYMO_API) && (!defined(__PIC__) || defined(__PIE__))
#define KYMO_API __attribute__((visibility("hidden")))
#endif

#include "writer/kymo.h"

#endif
