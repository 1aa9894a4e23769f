/*
 * A target's seccomp filter kills it for any call but a few. With mmap and
 * munmap among the few, mappings of memory are made by any caller, and those
 * that need further calls are made by a caller that may suspend seccomp, and
 * refused with EPERM to any other. With a filter that forbids mmap itself, a
 * caller that may suspend seccomp maps all the same. The filter is in force
 * afterwards.
 */
#include "seccomped.h"

#if defined(__i386__)
#define CALL_MMAP SYS_mmap2
#else
#define CALL_MMAP SYS_mmap
#endif
static const int few[] = { SYS_read, SYS_write, SYS_exit, SYS_exit_group };
static const int some[] = { SYS_read, SYS_write, SYS_exit, SYS_exit_group, CALL_MMAP, SYS_munmap };

static int filtered_few(int channel)
{
	install_filter(few, 4, SECCOMP_RET_KILL_PROCESS);
	echo(channel);
}
static int filtered_some(int channel)
{
	install_filter(some, 6, SECCOMP_RET_KILL_PROCESS);
	echo(channel);
}
static int filtered_and_dying(int channel)
{
	install_filter(few, 4, SECCOMP_RET_KILL_PROCESS);
	CHECK(syscall(SYS_read, channel, (char[1]){ 0 }, 1) == 1);
	syscall(SYS_getpid);
	return 0;
}

static void check_target(int (*body)(int), int maps_itself)
{
	struct peer p = peer_start(body);
	int i, fd = an_object();
	await_echo(&p);
	for (i = 0; i < 5; i++) {
		if (maps_itself || may_suspend())
			CHECK(try_pair(p.pid, NOFD));
		check_echo(&p);
		CHECK(try_pair(p.pid, fd) == may_suspend());
		check_echo(&p);
		CHECK(task_status(p.pid, "Seccomp:", 10) == 2);
	}
	end_echo(&p);
	close(fd);
}

int main(void)
{
	struct peer p;
	int status;
	check_target(filtered_some, 1);
	if (may_suspend()) {
		check_target(filtered_few, 0);
		p = peer_start(filtered_and_dying);
		await_syscall(p.pid, SYS_read);
		CHECK(try_pair(p.pid, NOFD));
		tell(p.channel, "x", 1);
		CHECK(waitpid(p.pid, &status, 0) == p.pid);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	}
	return 0;
}
