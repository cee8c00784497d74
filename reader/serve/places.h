/* SPDX-License-Identifier: MIT */
/* Places: who is connected, since when, and how long that may last. The HTTP
   library's own time-out counts silence only, so that a client which drips a
   byte a second keeps its place for ever; here a request has one deadline in
   all, and where places run short the oldest that nobody works for goes.

   A connection is in one of four states:
     HEAD    from its start: the first head must be whole in head_ns
     ANSWER  from a whole head to the end of its answer: answer_ns in all
     WORK    a thread of ours makes the answer: it has a time-out of its own,
             and how many there are is bounded where they are made
     IDLE    kept alive for another request: idle_ns until it is whole

   Who sent what we have not read yet has done its part: such a one goes only
   when all have.

   A place is taken away by shutdown(): the library then sees the end and
   closes. Its descriptor is ours to name as long as the place is in the table,
   since the library tells us before it closes. */
#ifndef KYI_SERVE_PLACES_H
#define KYI_SERVE_PLACES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct kyi_places_limits {
	uint32_t place_max;
	uint64_t head_ns, answer_ns, idle_ns;
	uint64_t spare_ns; /* an answer younger than this is never evicted */
};

enum kyi_place_state {
	KYI_PLACE_HEAD = 0,
	KYI_PLACE_ANSWER = 1,
	KYI_PLACE_IDLE = 2,
	KYI_PLACE_WORK = 3,
	KYI_PLACE_STATE_CNT = 4
};

struct kyi_place {
	struct kyi_place *next, *before; /* older; newer */
	const void *owner; /* whose: a listener */
	int fd;
	enum kyi_place_state state;
	bool gone; /* shut down, not closed yet; takes no place */
	uint64_t since_ns;
};

struct kyi_places {
	struct kyi_places_limits limits;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t sweeper;
	struct kyi_place *newest, *oldest; /* by since_ns */
	uint32_t taken_cnt;
	uint64_t evicted_cnt;
	uint64_t wake_ns; /* when the sweeper wakes by itself; 0: never */
	bool ending;
};

/* kyi_places_init starts the sweeper; -1: no memory, no thread. */
int kyi_places_init(struct kyi_places *places,
    const struct kyi_places_limits *limits);
void kyi_places_end(struct kyi_places *places);

/* kyi_places_admit makes sure that there is a place for one more connection,
   and takes one from another where it must; false: there is none. */
bool kyi_places_admit(struct kyi_places *places);
/* kyi_place_begin gives the connection fd its place. NULL: no memory; fd is
   shut down. */
struct kyi_place *kyi_place_begin(struct kyi_places *places, int fd,
    const void *owner);
void kyi_place_set(struct kyi_places *places, struct kyi_place *place,
    enum kyi_place_state state);
/* The library is about to close its descriptor. */
void kyi_place_end(struct kyi_places *places, struct kyi_place *place);

uint32_t kyi_places_taken(struct kyi_places *places);
uint64_t kyi_places_evicted(struct kyi_places *places);
/* kyi_places_drain shuts down what is not being answered of owner's (NULL: of
   all), and waits until nothing is, at most until until_ns. */
void kyi_places_drain(struct kyi_places *places, const void *owner,
    uint64_t until_ns);

/* CLOCK_MONOTONIC */
uint64_t kyi_serve_now_ns(void);

#endif
