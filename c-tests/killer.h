/*
 * killer.h: a process that kills others as it is told, a little later: so that
 * it happens at any instant of a call that the teller is in by then.
 */
#ifndef KILLER_H
#define KILLER_H
#include "check.h"

struct order {
	pid_t pid;
	unsigned spin;
};

static inline void spin(unsigned rounds)
{
	for (volatile unsigned i = 0; i < rounds; i++)
		;
}

/* Kills as ordered, a little later: at any instant of a call. */
static inline int killer_body(int channel)
{
	struct order o;
	for (;;) {
		hear(channel, &o, sizeof o);
		if (o.pid == 0)
			return 0;
		spin(o.spin);
		CHECK(kill(o.pid, SIGKILL) == 0);
	}
}

static inline void killer_order(struct peer *killer, pid_t pid, unsigned spin)
{
	struct order o = { pid, spin };
	tell(killer->channel, &o, sizeof o);
}

static inline void killer_dismiss(struct peer *killer)
{
	killer_order(killer, 0, 0);
	CHECK(peer_status(killer) == 0);
}

#endif
