/*
 * A target makes one short system call after the other, of many kinds, fork()
 * and its own mmap() among them, while mappings come and go without a break.
 * Each call returns what it must; calls that fail, fail with their errno.
 */
#include "disturb.h"
#include <linux/futex.h>
#include <sys/epoll.h>

static struct { atomic_int dismissed; atomic_ulong rounds; } *shared;

static void fork_and_wait(void)
{
	int status;
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0)
		_exit(9);
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
}

static void own_mapping(void)
{
	char *m = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(m != MAP_FAILED);
	m[0] = m[PAGE] = 1;
	CHECK(munmap(m, 2 * PAGE) == 0);
}

#define FAILS(call, want) do { errno = 0; CHECK((call) == -1 && errno == (want)); } while (0)

static int target(int channel)
{
	pid_t self = getpid(), parent = getppid();
	int zero = open("/dev/zero", O_RDONLY), sink = open("/dev/null", O_WRONLY), ends[2];
	int epoll = epoll_create1(0), word = 1;
	struct timespec moment = { 0, 1000 }, none = { 0, 0 };
	struct epoll_event event;
	sigset_t usr1;
	char b[64];
	(void)channel;
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	CHECK(zero != -1 && sink != -1 && epoll != -1 && pipe(ends) == 0);
	while (!shared->dismissed) {
		CHECK(syscall(SYS_getpid) == self);
		CHECK(syscall(SYS_getppid) == parent);
		CHECK(syscall(SYS_gettid) == self);
		CHECK(read(zero, b, sizeof b) == sizeof b);
		CHECK(write(sink, b, 17) == 17);
		CHECK(write(ends[1], b, 5) == 5 && read(ends[0], b, sizeof b) == 5);
		CHECK(sched_yield() == 0);
		CHECK(nanosleep(&moment, NULL) == 0);
		CHECK(poll(NULL, 0, 0) == 0);
		CHECK(poll(NULL, 0, 1) == 0);
		CHECK(epoll_wait(epoll, &event, 1, 0) == 0);
		CHECK(syscall(SYS_gettimeofday, &b, NULL) == 0);
		FAILS(close(-1), EBADF);
		FAILS(open("/nowhere/at/all", O_RDONLY), ENOENT);
		FAILS(syscall(SYS_futex, &word, FUTEX_WAIT, 2, NULL, NULL, 0), EAGAIN);
		FAILS(sigtimedwait(&usr1, NULL, &none), EAGAIN);
		FAILS(waitpid(-1, NULL, 0), ECHILD);
		FAILS(syscall(999), ENOSYS);
		own_mapping();
		fork_and_wait();
		shared->rounds++;
	}
	return 0;
}

int main(void)
{
	struct peer p;
	double end;
	unsigned long rounds;
	shared = shared_memory(sizeof *shared);
	p = peer_start(target);
	AWAIT(shared->rounds > 0);
	for (end = check_now() + check_span(1); check_now() < end;)
		disturb(p.pid);
	rounds = shared->rounds;
	AWAIT(shared->rounds > rounds);
	shared->dismissed = 1;
	CHECK(peer_status(&p) == 0);
	return 0;
}
