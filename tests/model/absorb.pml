/* SPDX-License-Identifier: MIT */
/* kymod and the dead (reader/series/absorb.c, retired.c, seen.c; reader/region/
   retire.c): a process records and dies at any step; a kymod looks, publishes,
   absorbs and removes, and is killed at any step, and started again; a second
   one waits for its place.

   What holds: what is shown never falls, and is never more than was recorded;
   in the end, with a kymod that lives, it is all, and the file is gone.

   Seeded errors: BUG_TWO_STEPS (totals and the instance's id in two
   transactions), BUG_REMOVE_FIRST, BUG_NO_ID (the id is not looked at),
   BUG_COPY_FIRST (liveness is looked at after the copy), BUG_NO_LOCK (two
   absorb at once), BUG_SEEN_LATE (what /proc said is stored after it was
   shown). */
#define RECORD_CNT 2
#define KILL_CNT 2
#define KYMOD_CNT 2

byte cell, cpu;             /* of the process: its region, /proc */
bool is_alive = true;       /* its file's lock is held */
bool file = true;
byte db_total, db_cpu;      /* the database of the dead */
bool db_id;
byte seen;                  /* PATH.seen */
byte lock_of;               /* the database's and the directory's; 0: free */
byte shown, shown_cpu;      /* the most that any page showed */
byte kills;
bool kill[KYMOD_CNT + 1];
bool is_done;

active proctype program()
{
	do
	:: cell < RECORD_CNT -> cell++
	:: cpu < RECORD_CNT -> cpu++
	:: is_alive = false; break
	od
}

proctype kymod(byte me)
{
	byte total, total_cpu, copy, now_cpu;
	bool dead, has;

start:
	{
#ifdef BUG_NO_LOCK
		lock_of = me;
#else
		atomic { lock_of == 0 -> lock_of = me };
#endif
		d_step {
			total = db_total; total_cpu = db_cpu;
			now_cpu = seen; copy = 0; dead = false; has = false
		};
		do
		:: is_done -> break
		:: !is_done ->
			/* A scan. Liveness first, so that the dead are final. */
			if
			:: file ->
#ifdef BUG_COPY_FIRST
				copy = cell;
				dead = !is_alive;
#else
				dead = !is_alive;
				copy = cell;
#endif
				/* /proc has nothing of the dead. */
				d_step {
					if
					:: is_alive -> now_cpu = cpu
					:: else
					fi
				}
			:: !file -> d_step { copy = 0; now_cpu = 0; dead = false }
			fi;
			if
			:: file && dead ->
#ifdef BUG_NO_ID
				has = false;
#else
				has = db_id;
#endif
#ifdef BUG_REMOVE_FIRST
				file = false;
#endif
				if
				:: !has ->
#ifdef BUG_TWO_STEPS
					d_step {
						db_total = db_total + copy;
						db_cpu = db_cpu + now_cpu
					};
					db_id = true;
#else
					d_step {
						db_total = db_total + copy;
						db_cpu = db_cpu + now_cpu;
						db_id = true
					};
#endif
					d_step {
						total = total + copy;
						total_cpu = total_cpu + now_cpu
					}
				:: else
				fi;
				d_step { copy = 0; now_cpu = 0 };
				file = false
			:: else
			fi;
#ifndef BUG_SEEN_LATE
			if
			:: now_cpu > seen -> seen = now_cpu
			:: else
			fi;
#endif
			/* The page. */
			d_step {
				assert(total + copy >= shown);
				assert(total + copy <= cell);
				assert(total_cpu + now_cpu >= shown_cpu);
				assert(total_cpu + now_cpu <= cpu);
				shown = total + copy;
				shown_cpu = total_cpu + now_cpu
			};
#ifdef BUG_SEEN_LATE
			if
			:: now_cpu > seen -> seen = now_cpu
			:: else
			fi;
#endif
			if
			:: !is_alive && !file && kills == KILL_CNT ->
				assert(shown == cell && db_total == cell && db_id);
				is_done = true
			:: else
			fi
		od;
		goto over
	} unless { kill[me] };
	/* The kernel gives its locks back, and it is started again. */
	d_step {
		if
		:: lock_of == me -> lock_of = 0
		:: else
		fi;
		kill[me] = false
	};
	goto start;
over:
	lock_of = 0
}

init
{
	byte i;

	atomic {
		i = 1;
		do
		:: i <= KYMOD_CNT -> run kymod(i); i++
		:: else -> break
		od
	}
	do
	:: kills < KILL_CNT && !kill[1] -> kill[1] = true; kills++
	:: kills < KILL_CNT && !kill[2] -> kill[2] = true; kills++
	:: kills < KILL_CNT -> kills++ /* nobody */
	:: kills == KILL_CNT -> break
	od
}
