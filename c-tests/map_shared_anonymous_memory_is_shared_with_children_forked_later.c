/*
 * Shared anonymous memory is one object: a child that the target forks
 * afterwards writes and the target reads it. Private memory is copied instead.
 */
#include "target.h"

/* Hears addresses; a child writes 42 there, and the body tells what it reads itself. */
static int body(int channel)
{
	for (;;) {
		volatile unsigned char *a = (volatile unsigned char *)hear_word(channel);
		pid_t child;
		if (a == NULL)
			return 0;
		child = fork();
		if (child == 0) {
			*a = 42;
			_exit(0);
		}
		CHECK(child != -1 && waitpid(child, NULL, 0) == child);
		tell_word(channel, *a);
	}
}

static unsigned char seen_after_fork(struct peer *p, int flags)
{
	unsigned char *a, seen;
	CHECK_MAPS(a, mmap_peer(p->pid, NULL, PAGE, PROT_READ | PROT_WRITE, flags, NOFD, 0));
	tell_word(p->channel, (uintptr_t)a);
	seen = (unsigned char)hear_word(p->channel);
	CHECK_OK(munmap_peer(p->pid, a, PAGE));
	return seen;
}

int main(void)
{
	struct peer p = peer_start(body);

	CHECK(seen_after_fork(&p, MAP_SHARED) == 42);
	CHECK(seen_after_fork(&p, MAP_SHARED | MAP_ANON) == 42);
	CHECK(seen_after_fork(&p, MAP_PRIVATE) == 0);
	CHECK(seen_after_fork(&p, MAP_ANON) == 0);
	tell_word(p.channel, 0);
	CHECK(peer_status(&p) == 0);
	return 0;
}
