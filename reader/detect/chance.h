/* SPDX-License-Identifier: MIT */
/* Chances: of the normal and of Student's distribution; and what is left of
   them when many were asked for at once. */
#ifndef KYI_DETECT_CHANCE_H
#define KYI_DETECT_CHANCE_H

#include <stdint.h>

/* kyi_normal_quantile: x that a normal variable is below with chance p, 0 to 1;
   to some 1e-15. */
double kyi_normal_quantile(double p);
double kyi_normal_density(double x);

/* kyi_student_both: the chance that |t| or more comes of a Student variable of
   so many degrees of freedom (> 0, may be infinite). */
double kyi_student_both(double t, double freedom);
/* kyi_student_limit: |t| that is reached with chance p, the other way round. */
double kyi_student_limit(double p, double freedom);

#endif
