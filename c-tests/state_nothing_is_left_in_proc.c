/*
 * What /proc says of a target is the same before and after mappings have been
 * made and removed, anonymous and of a file, and after calls that failed: its
 * maps to the byte, descriptors, signal sets, seccomp state, limits, parent,
 * session and terminal; and nobody traces it.
 */
#include "disturb.h"

static int target(int channel)
{
	sigset_t some;
	sigemptyset(&some);
	sigaddset(&some, SIGUSR1);
	sigaddset(&some, SIGRTMIN);
	CHECK(sigprocmask(SIG_SETMASK, &some, NULL) == 0);
	CHECK(signal(SIGHUP, SIG_IGN) != SIG_ERR);
	CHECK(raise(SIGUSR1) == 0);     /* stays pending */
	tell_word(channel, 1);
	return (int)hear_word(channel);
}

static void map_a_file(pid_t pid)
{
	size_t size = 3 * check_page();
	int fd = memfd_create("object", MFD_CLOEXEC);
	void *m;
	CHECK(fd != -1 && ftruncate(fd, (off_t)size) == 0);
	CHECK_MAPS(m, mmap_peer(pid, NULL, size, PROT_READ, MAP_SHARED, fd, 0));
	CHECK_OK(munmap_peer(pid, m, size));
	close(fd);
}

int main(void)
{
	static struct portrait before, after;
	struct peer p = peer_start(target);
	int i;
	CHECK(hear_word(p.channel) == 1);
	await_syscall(p.pid, SYS_recvfrom);
	portrait_take(p.pid, &before);
	for (i = 0; i < 20; i++) {
		disturb(p.pid);
		map_a_file(p.pid);
		/* The target's own mmap() refuses: no room of that size. */
		CHECK_MAP_FAILS(mmap_peer(p.pid, NULL, (size_t)1 << 50, PROT_READ,
			MAP_PRIVATE | MAP_ANON, NOFD, 0), ENOMEM);
		CHECK(tracer_of(p.pid) == 0);
	}
	await_syscall(p.pid, SYS_recvfrom);
	portrait_take(p.pid, &after);
	portrait_same(&before, &after);
	CHECK(task_state(p.pid) == 'S');
	tell_word(p.channel, 0);
	CHECK(peer_status(&p) == 0);
	return 0;
}
