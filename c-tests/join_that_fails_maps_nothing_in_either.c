/*
 * mmap64_join() that fails, for its arguments, for a limit of the target or for
 * one of the caller, leaves both processes as they were.
 */
#include "join.h"

/* No more address space: what is mapped stays, one more MiB does not fit. */
static void limit_address_space(void)
{
	struct rlimit limit = { 64 << 20, 64 << 20 };
	CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
}

static void arguments(struct target *t)
{
	const size_t page = check_page();
	int fd = memfd_of(4), only_read = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	pid_t gone = fork();
	CHECK(gone != -1 && only_read != -1);
	if (gone == 0)
		_exit(0);
	CHECK(waitpid(gone, NULL, 0) == gone);
	MAP_FAILS_CLEANLY(t, mmap64_join(t->pid, NULL, page, READ_WRITE, MAP_SHARED, CLOSED_FD, 0), EBADF);
	MAP_FAILS_CLEANLY(t, mmap64_join(t->pid, JOIN_PLACE, page, READ_WRITE, MAP_SHARED, CLOSED_FD, 0), EBADF);
	MAP_FAILS_CLEANLY(t, mmap64_join(t->pid, NULL, 0, READ_WRITE, MAP_SHARED, fd, 0), EINVAL);
	MAP_FAILS_CLEANLY(t, mmap64_join(t->pid, NULL, page, READ_WRITE, MAP_SHARED, only_read, 0), EACCES);
	MAP_FAILS_CLEANLY(t, mmap64_join(t->pid, NULL, page, READ_WRITE, MAP_SHARED | MAP_HANDLE, fd, 0), ENOTSUP);
	MAP_FAILS_CLEANLY(t, mmap64_join(t->pid, NULL, TOO_LONG, READ_WRITE, MAP_SHARED, fd, 0), ENOMEM);
	MAP_FAILS_CLEANLY(t, mmap64_join(gone, NULL, page, READ_WRITE, MAP_SHARED, fd, 0), ESRCH);
	MAP_FAILS_CLEANLY(t, mmap64_join(gone, JOIN_PLACE, page, READ_WRITE, MAP_SHARED, fd, 0), ESRCH);
	MAP_FAILS_CLEANLY(t, mmap64_join(-5, NULL, page, READ_WRITE, MAP_SHARED, fd, 0), ESRCH);
	close(fd);
	close(only_read);
}

/* A place that one of them has taken is not replaced, MAP_FIXED or not. */
static void fixed(struct target *t)
{
	static const int fixed_flags[] = { MAP_FIXED, MAP_FIXED_NOREPLACE };
	const size_t page = check_page();
	pid_t pids[2] = { t->pid, getpid() };
	int fd = memfd_of(4);
	unsigned char *a;
	size_t i, k;
	for (i = 0; i < 2; i++) {
		CHECK_MAPS(a, mmap_peer(pids[i], JOIN_PLACE + page, page, READ_WRITE,
					PRIVATE_ANON | MAP_FIXED_NOREPLACE, NOFD, 0));
		for (k = 0; k < 2; k++)
			MAP_FAILS_CLEANLY(t, mmap64_join(t->pid, JOIN_PLACE, 2 * page, READ_WRITE,
							 MAP_SHARED | fixed_flags[k], fd, 0), EEXIST);
		CHECK_OK(munmap_peer(pids[i], a, page));
	}
	close(fd);
}

static void too_large(struct target *t)
{
	int fd = memfd_of(4);
	MAP_FAILS_CLEANLY(t, mmap64_join(t->pid, NULL, 64 << 20, READ_WRITE, MAP_SHARED, fd, 0), ENOMEM);
	MAP_FAILS_CLEANLY(t, mmap64_join(t->pid, JOIN_PLACE, 64 << 20, READ_WRITE, MAP_PRIVATE, NOFD, 0), ENOMEM);
	close(fd);
}

static void caller_limited(void)
{
	struct target t = target_start(NULL);
	target_warm_up(&t);
	limit_address_space();
	too_large(&t);
	peer_dismiss(&t.peer);
}

int main(void)
{
	on_peer(NULL, arguments);
	on_peer(NULL, fixed);
	on_peer(limit_address_space, too_large);
	in_child(caller_limited);
	return 0;
}
