/*
 * No call is a cancellation point. A deferred cancellation that is pending
 * when calls are made stays pending through all of them, those that wait
 * included, and is acted upon at the next cancellation point. An asynchronous
 * one that arrives during a call is acted upon when the call is over, so that
 * the target is left in order: not stopped, no descriptor more, no mapping but
 * the one that was asked for.
 *
 * time-limit: 40
 */
#include "caller.h"

enum { ASYNCHRONOUS = 200 };

static struct peer target, held;
static int memfd;
static void *place;
static volatile int calls_done, begun;

static void *cancelled_before(void *unused)
{
	size_t page = check_page();
	void *at;
	(void)unused;
	CHECK(pthread_cancel(pthread_self()) == 0);     /* deferred: pending from here on */
	CHECK_MAPS(at, mmap_peer(target.pid, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0));
	CHECK_OK(munmap_peer(target.pid, at, page));
	CHECK_MAPS(at, mmap_peer(target.pid, NULL, page, READ_WRITE, MAP_SHARED, memfd, 0));
	CHECK_OK(munmap_peer(target.pid, at, page));
	CHECK_MAPS(at, mmap_peer(getpid(), NULL, page, READ_WRITE, MAP_SHARED, memfd, 0));
	CHECK_OK(munmap_peer(getpid(), at, page));
	CHECK_MAP_FAILS(mmap_peer(held.pid, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0), EAGAIN);
	CHECK_MAP_FAILS(mmap_peer(-1, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0), ESRCH);
	(void)mman_peer_allow(-1);
	calls_done = 1;
	pthread_testcancel();
	return NULL;
}

static void *cancelled_at_any_instant(void *unused)
{
	(void)unused;
	CHECK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL) == 0);
	while (target.pid != 0) {
		begun = 1;
		(void)mmap_peer(target.pid, place, check_page(), READ_WRITE, MAP_SHARED | MAP_FIXED, memfd, 0);
		(void)munmap_peer(target.pid, place, check_page());
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static char maps[65536], fds[8192], own_fds[8192], text[65536];
	struct peer debugger;
	unsigned seed = 7;

	(void)argc;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "300");
	memfd = marked_memfd('x');
	place = mmap(NULL, check_page(), PROT_NONE, PRIVATE_ANON, -1, 0);
	CHECK(place != MAP_FAILED);
	target = consenting_peer();
	held = consenting_peer();
	debugger = debugger_start(held.pid);

	CHECK(thread_end(thread_start(cancelled_before, NULL)) == PTHREAD_CANCELED);
	CHECK(calls_done);

	CHECK_OK(munmap_peer(target.pid, place, check_page()));
	proc_text(target.pid, "maps", maps, sizeof maps);
	fd_list(target.pid, fds, sizeof fds);
	fd_list(getpid(), own_fds, sizeof own_fds);
	for (int i = 0; i < check_rounds(ASYNCHRONOUS); i++) {
		pthread_t thread;
		begun = 0;
		thread = thread_start(cancelled_at_any_instant, NULL);
		AWAIT(begun);
		seed = seed * 1103515245u + 12345u;
		usleep((seed >> 8) % 600);
		CHECK(pthread_cancel(thread) == 0);
		CHECK(thread_end(thread) == PTHREAD_CANCELED);
		CHECK(proc_status(target.pid, "TracerPid") == 0);
	}
	CHECK(waitpid(-1, NULL, WNOHANG | __WALL) == 0);        /* no helper was left unreaped */
	CHECK_OK(munmap_peer(target.pid, place, check_page()));
	check_same_text("the target's mappings", maps, proc_text(target.pid, "maps", text, sizeof text));
	check_same_text("the target's descriptors", fds, fd_list(target.pid, text, sizeof text));
	check_same_text("the caller's descriptors", own_fds, fd_list(getpid(), text, sizeof text));
	peer_kill(&debugger);
	peer_dismiss(&held);
	peer_dismiss(&target);
	return 0;
}
