/*
 * A thread that waits with __WALL or __WCLONE, as few programs do, may be given
 * the end of a helper: the kernel has no process that such a wait cannot see.
 * The calls must not care: they succeed, none hangs, no process is left over,
 * and whoever was seen was no child that the application knows.
 *
 * time-limit: 60
 */
#include "caller.h"

enum { PAIRS = 500 };

static volatile int calls_are_over;
static volatile unsigned long helpers_seen;
static pid_t the_target;

static void *waits(void *options)
{
	for (;;) {
		int status;
		pid_t got = waitpid(-1, &status, (int)(intptr_t)options);
		if (got == -1 && errno == ECHILD && calls_are_over)
			return NULL;
		if (got == -1) {
			CHECK(errno == ECHILD || errno == EINTR);
			sched_yield();
			continue;
		}
		if (got == the_target) {
			CHECK(calls_are_over);
			continue;
		}
		CHECK(WIFEXITED(status));
		__atomic_add_fetch(&helpers_seen, 1, __ATOMIC_RELAXED);
	}
}

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	struct peer target = consenting_peer();
	pthread_t all = thread_start(waits, (void *)(intptr_t)__WALL);
	pthread_t clones = thread_start(waits, (void *)(intptr_t)__WCLONE);

	the_target = target.pid;
	for (int i = 0; i < check_rounds(PAIRS); i++) {
		void *at;
		CHECK_MAPS(at, mmap_peer(target.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
		CHECK_OK(munmap_peer(target.pid, at, check_page()));
	}
	calls_are_over = 1;
	CHECK(kill(target.pid, SIGKILL) == 0);
	thread_end(all);
	thread_end(clones);
	CHECK(waitpid(-1, NULL, WNOHANG | __WALL) == -1 && errno == ECHILD);
	printf("%d calls, %lu helpers seen by __WALL and __WCLONE\n", 2 * check_rounds(PAIRS), helpers_seen);
	return 0;
}
