/*
 * The files in memory that the library makes count for the caller's RLIMIT_FSIZE
 * like all others. What that leaves no room for is ENOMEM, what can be done without
 * is done without, and the caller gets no SIGXFSZ, which would end it.
 */
#include "utek.h"
#include "service.h"
#include "target.h"
#include <sys/resource.h>

static volatile sig_atomic_t signals;
static void handler(int number)
{
	(void)number;
	signals++;
}

static int counts;

/* Without a handler the signal would end this process. */
static void prepare(void)
{
	struct sigaction action = { .sa_handler = counts ? handler : SIG_DFL };
	CHECK(sigaction(SIGXFSZ, &action, NULL) == 0);
}

/* Only the soft limit: what a failure has to say can be written when it is up again. */
static void limit_files(rlim_t size)
{
	struct rlimit limit;
	CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
	limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

static int makes_zeros(unsigned char *at, size_t len, rlim_t limit)
{
	int answer, why;
	limit_files(limit);
	errno = 0;
	answer = utek_call(M_ZFILL, NULL, at, len, RW_SELF, SHARED);
	why = errno;
	limit_files(RLIM_INFINITY);
	CHECK(signals == 0);
	CHECK(answer == 0 || !utek_is_mapped(at));
	return answer == 0 ? 0 : why;
}

static void zeros(void)
{
	size_t page = check_page();
	unsigned char *room = utek_room(5 * page);
	prepare();
	CHECK(makes_zeros(room, 5 * page, 4 * page) == ENOMEM);
	CHECK(makes_zeros(room, page, 0) == ENOMEM);
	CHECK(makes_zeros(room, 4 * page, 4 * page) == 0);
	room[4 * page - 1] = 1;
	CHECK(munmap(room, 4 * page) == 0);
	CHECK(makes_zeros(room, 5 * page, RLIM_INFINITY) == 0);
}

static struct peer target;

static void many_calls(void)
{
	enum { CALLS = 300 };
	int mapped = 0, unmapped = 0;
	prepare();
	forbid_tracing();
	limit_files(0);
	for (int i = 0; i < CALLS; i++) {
		void *at = mmap_peer(target.pid, NULL, check_page(), PROT_READ, MAP_PRIVATE, NOFD, 0);
		mapped += at != MAP_FAILED;
		unmapped += at != MAP_FAILED && munmap_peer(target.pid, at, check_page()) == 0;
	}
	limit_files(RLIM_INFINITY);
	CHECK(mapped == CALLS && unmapped == CALLS && signals == 0);
}

int main(void)
{
	target = serving_peer();
	for (counts = 0; counts < 2; counts++) {
		in_child(zeros);
		in_child(many_calls);
	}
	peer_dismiss(&target);
	return 0;
}
