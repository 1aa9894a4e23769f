/* Pipes, sockets, /dev/null and the like answer as they answer mmap(): ENODEV. */
#include "target.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static void refuses(struct target *t, int fd)
{
	CHECK(fd != -1);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == ENODEV);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), ENODEV);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), ENODEV);
	close(fd);
}

static void test(struct target *t)
{
	int ends[2];
	sigset_t none;
	sigemptyset(&none);
	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	refuses(t, ends[0]);
	close(ends[1]);
	refuses(t, socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	refuses(t, eventfd(0, EFD_CLOEXEC));
	refuses(t, epoll_create1(EPOLL_CLOEXEC));
	refuses(t, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
	refuses(t, signalfd(-1, &none, SFD_CLOEXEC));
	refuses(t, open("/dev/null", O_RDWR | O_CLOEXEC));
	refuses(t, open("/proc/self/status", O_RDONLY | O_CLOEXEC));
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
