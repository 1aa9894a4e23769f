/*
 * A thread of a target executes the program anew, again and again, which ends
 * all others: also the one that a mapping is made through, while it is held.
 * The first thread waits in an epoll instance, or has ended. Mappings and the
 * exec do not wait for each other: each call ends, and so does the exec.
 *
 * time-limit: 60
 */
#include "execing.h"
#include <sys/epoll.h>

static char waits[] = "waits", has_ended[] = "has ended";

static void *exec_again(void *argv)
{
	usleep(300);
	/* Of this thread: the first one may have no program any more. */
	execv("/proc/thread-self/exe", argv);
	_exit(1);
}

static void *sleeper(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void one_image(char **argv)
{
	struct epoll_event e;
	pthread_t threads[2];
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	CHECK(epoll != -1);
	begin_image(argv);
	CHECK(pthread_create(&threads[0], NULL, sleeper, NULL) == 0);
	CHECK(pthread_create(&threads[1], NULL, exec_again, argv) == 0);
	if (strcmp(argv[3], has_ended) == 0)
		syscall(SYS_exit, 0);
	for (;;)
		epoll_wait(epoll, &e, 1, 10000);
}

int main(int argc, char **argv)
{
	if (argc == 4)
		one_image(argv);
	pairs_amid_execs(argv[0], waits, 5);
	pairs_amid_execs(argv[0], has_ended, 5);
	return 0;
}
