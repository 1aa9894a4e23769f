/*
 * A target makes one call after the other, by an instruction of its own, so that
 * mappings often find it just before its call, or just behind it. First calls
 * that take no time: each has its own result. Then waits for a time, of an epoll
 * instance and of a socket with SO_RCVTIMEO: none shows a pair by an EINTR.
 *
 * time-limit: 120
 */
#include "disturb.h"
#include <sys/epoll.h>
#include <sys/time.h>

static struct { atomic_ulong rounds; atomic_int waits, stop, wrong; atomic_long results[3]; } *shared;
enum { SPAN_MS = 300 };
static int epoll, ends[2];

/* The call, entered here and not in libc: the result or -errno. */
static long entered_here(long number, long a, long b, long c, long d, long e, long f)
{
#if defined(__aarch64__)
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;
	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory", "cc");
	return x0;
#else
	long r = syscall(number, a, b, c, d, e, f);
	return r == -1 ? -errno : r;
#endif
}

static int target(int channel)
{
	struct epoll_event event;
	long parent = getppid();
	char b;
	(void)channel;
	while (!shared->stop) {
		long waited = 0, received = -EAGAIN, own = parent, i;
		for (i = 0; i < 50 && own == parent; i++)
			own = entered_here(SYS_getppid, 0, 0, 0, 0, 0, 0);
		if (shared->waits) {
			waited = entered_here(SYS_epoll_pwait, epoll, (long)&event, 1, SPAN_MS, 0, 8);
			received = entered_here(SYS_recvfrom, ends[0], (long)&b, 1, 0, 0, 0);
		}
		if (waited != 0 || received != -EAGAIN || own != parent) {
			shared->results[0] = waited;
			shared->results[1] = received;
			shared->results[2] = own;
			shared->wrong = 1;
		}
		shared->rounds++;
	}
	return 0;
}

static void pairs(pid_t pid, int count)
{
	unsigned long rounds;
	int i;
	for (i = 0; i < count; i++) {
		/* Pairs that follow one another for longer than a timeout would show: restart by restart they put off its end. */
		if (shared->waits)
			sleep_until(check_now() + 1.2 + i * 0.05);
		disturb(pid);
		rounds = shared->rounds;
		AWAIT(shared->rounds > rounds + 1);
		if (shared->wrong)
			fprintf(stderr, "after %d pairs: epoll_pwait %ld, recv %ld, getppid %ld\n", i,
				(long)shared->results[0], (long)shared->results[1], (long)shared->results[2]);
		CHECK(!shared->wrong);
	}
}

int main(void)
{
	struct timeval moment = { 0, SPAN_MS * 1000 };
	struct epoll_event in = { .events = EPOLLIN };
	struct peer p;
	shared = shared_memory(sizeof *shared);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	CHECK(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment) == 0);
	CHECK((epoll = epoll_create1(0)) != -1 && epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &in) == 0);
	p = peer_start(target);
	AWAIT(shared->rounds > 0);
	pairs(p.pid, check_rounds(200));
	shared->waits = 1;
	pairs(p.pid, check_slowness() > 1 ? 2 : 6);
	shared->stop = 1;
	CHECK(peer_status(&p) == 0);
	return 0;
}
