/* SPDX-License-Identifier: MIT */
/* Threads of a process and its slots (writer/slot.c): they come, record, end
   and hand their slot on; one forks; the process is killed at any step. Cells
   are what a reader adds up then.

   What holds: no slot has two owners, what was recorded is there, and what is
   there was recorded, but for the record that each thread is in.

   Seeded errors: BUG_FOLD (a thread that ends adds its cell to slot 0's and
   zeroes it), BUG_NO_LOCK (a slot is claimed without the lock), BUG_END_FIRST
   (a thread gives its slot back and records once more in it), BUG_FORK_KEEPS
   (a child records into its parent's cells), BUG_SHARED_PLAIN (slot 0 by plain
   adds). */
#define SLOT_CNT 2  /* and slot 0, which all share */
#ifndef THREAD_CNT
#define THREAD_CNT 3
#endif
#define RECORD_CNT 1 /* and one at its end */

bool lock_held;                 /* process->lock */
byte owner[SLOT_CNT + 1];       /* 0: free; else the thread, from 1 */
byte slot_high = 1;
byte cell[SLOT_CNT + 1];        /* of the region */
byte child_cell[SLOT_CNT + 1];  /* of the region that the child makes */

byte recorded, child_recorded;  /* calls that returned */
byte under_way, child_under_way;
byte ended;
bool is_dead;

inline lock_take() { atomic { !lock_held -> lock_held = true } }
inline lock_give() { lock_held = false }

/* slot_find and record_claim; under the lock. */
inline claim(me, mine)
{
#ifndef BUG_NO_LOCK
	lock_take();
#endif
	i = 1;
	do
	:: i < slot_high && owner[i] != 0 -> i++
	:: else -> break
	od;
	if
	:: i < slot_high -> mine = i
	:: i >= slot_high && slot_high <= SLOT_CNT -> mine = slot_high
	:: else -> mine = 0
	fi;
	if
	:: mine != 0 ->
		assert(owner[mine] == 0);
		owner[mine] = me;
		if
		:: mine >= slot_high -> slot_high = mine + 1
		:: else
		fi
	:: else
	fi;
#ifndef BUG_NO_LOCK
	lock_give()
#endif
}

/* An add to one's own cell: by one thread alone, so load and store will do.
   Slot 0's is one instruction, locked. */
#define add_plain(cells, mine) n = cells[mine]; cells[mine] = n + 1
#ifdef BUG_SHARED_PLAIN
#define record(cells, mine) add_plain(cells, mine)
#else
#define record(cells, mine) \
	if \
	:: mine == 0 -> cells[0] = cells[0] + 1 \
	:: else -> add_plain(cells, mine) \
	fi
#endif

/* thread_end; under the lock. */
inline end(mine)
{
	lock_take();
#ifdef BUG_FOLD
	if
	:: mine != 0 -> cell[0] = cell[0] + cell[mine]; cell[mine] = 0
	:: else
	fi;
#endif
	if
	:: mine != 0 -> owner[mine] = 0
	:: else
	fi;
	lock_give()
}

proctype thread(byte me)
{
	byte i, n, mine, k;

	{
		claim(me, mine);
		k = 0;
		do
		:: k < RECORD_CNT ->
			under_way++;
			record(cell, mine);
			d_step { recorded++; under_way--; k++ }
		:: else -> break
		od;
		end(mine);
#ifndef BUG_END_FIRST
		/* In another destructor: what is shared. */
		mine = 0;
#endif
		under_way++;
		record(cell, mine);
		d_step { recorded++; under_way--; ended++ }
	} unless { is_dead }
}

/* Has neither slot nor lock of its parent: its page is zeros. */
proctype child()
{
	byte n, k, mine = 1;

	do
	:: k < RECORD_CNT ->
		child_under_way++;
#ifdef BUG_FORK_KEEPS
		record(cell, mine);
#else
		record(child_cell, mine);
#endif
		d_step { child_recorded++; child_under_way--; k++ }
	:: else -> break
	od
}

/* What a reader sees, at any time and of the dead. */
inline look()
{
	d_step {
		sum = cell[0] + cell[1] + cell[2];
		assert(recorded <= sum && sum <= recorded + under_way);
		sum = child_cell[1];
		assert(child_recorded <= sum &&
		    sum <= child_recorded + child_under_way)
	}
}

init
{
	byte sum;

	atomic {
		run thread(1);
		run thread(2);
#if THREAD_CNT > 2
		run thread(3);
#endif
		run child()
	}
	do
	:: look()
	:: is_dead = true; break
	:: ended == THREAD_CNT -> break
	od;
	look()
}
