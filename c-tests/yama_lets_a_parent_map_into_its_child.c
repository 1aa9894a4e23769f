/*
 * Under Yama's scope 1 a caller may trace its own child, but the call's helper
 * process may not. Then a thread of the caller does the work, and all holds as
 * otherwise: anonymous memory and descriptors, a stopped target that stays
 * stopped, EAGAIN of a target out of reach, no residue.
 */
#include "yama.h"

static struct peer target, stopped, vforked;
static int fd;

static void prepare(void)
{
	fd = marked_memfd('Y');
	target = peer_start(obedient_body);
	(void)peer_mapped(&target, NULL);       /* it has closed what fork() gave it */
	stopped = peer_start(obedient_body);
	vforked = vfork_peer();
	CHECK(kill(stopped.pid, SIGSTOP) == 0);
	CHECK(waitpid(stopped.pid, NULL, WUNTRACED) == stopped.pid);
}

static void run(void)
{
	static char maps[65536], fds[8192], own_fds[8192], text[65536];
	size_t page = check_page();
	unsigned char *at;
	siginfo_t info;

	proc_text(target.pid, "maps", maps, sizeof maps);
	fd_list(target.pid, fds, sizeof fds);
	fd_list(getpid(), own_fds, sizeof own_fds);
	for (int i = 0; i < check_rounds(30); i++) {
		CHECK_MAPS(at, mmap_peer(target.pid, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0));
		CHECK(peer_read(&target, at) == 0);
		CHECK_OK(munmap_peer(target.pid, at, page));
		CHECK_MAPS(at, mmap_peer(target.pid, NULL, page, READ_WRITE, MAP_SHARED, fd, 0));
		CHECK(peer_read(&target, at) == 'Y');
		CHECK_OK(munmap_peer(target.pid, at, page));
		CHECK(!peer_mapped(&target, at));
		CHECK(proc_status(target.pid, "TracerPid") == 0);
	}
	check_same_text("the target's mappings", maps, proc_text(target.pid, "maps", text, sizeof text));
	check_same_text("the target's descriptors", fds, fd_list(target.pid, text, sizeof text));
	check_same_text("the caller's descriptors", own_fds, fd_list(getpid(), text, sizeof text));
	CHECK_MAP_FAILS(mmap_peer(target.pid, NULL, 0, PROT_READ, PRIVATE_ANON, NOFD, 0), EINVAL);
	CHECK_MAP_FAILS(mmap_peer(target.pid, NULL, TOO_LONG, PROT_READ, PRIVATE_ANON, NOFD, 0), ENOMEM);

	for (int i = 0; i < 10; i++) {
		CHECK_MAPS(at, mmap_peer(stopped.pid, NULL, page, READ_WRITE,
			i % 2 ? MAP_SHARED : PRIVATE_ANON, i % 2 ? fd : NOFD, 0));
		await_state(stopped.pid, 'T');  /* it stops anew when it is let go */
		CHECK(proc_status(stopped.pid, "TracerPid") == 0);
	}
	memset(&info, 0, sizeof info);
	CHECK(waitid(P_PID, (id_t)stopped.pid, &info, WSTOPPED | WCONTINUED | WNOHANG) == 0);
	CHECK(info.si_pid == 0);        /* its stop is no news */
	CHECK(kill(stopped.pid, SIGCONT) == 0);
	CHECK(peer_read(&stopped, at) == 'Y');

	CHECK_MAP_FAILS(mmap_peer(vforked.pid, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0), EAGAIN);
	/* Nothing could let go of it but the end of the thread that held it. */
	CHECK(proc_status(vforked.pid, "TracerPid") == 0);
	vfork_release();
	CHECK_MAPS(at, mmap_peer(vforked.pid, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0));
	CHECK(peer_read(&vforked, at) == 0);
	peer_dismiss(&vforked);
	peer_dismiss(&stopped);
	peer_dismiss(&target);
}

int main(int argc, char **argv)
{
	(void)argc;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "300");
	under_yama(yama_scope_1, prepare, run);
	CHECK(yama_refusals > 0);       /* a helper process was, a thread was not */
	CHECK(yama_grants > 0);
	return 0;
}
