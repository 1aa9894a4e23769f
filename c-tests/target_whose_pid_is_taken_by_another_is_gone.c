/*
 * Between the moment in which a call looks for its target and that in which it
 * attaches, the target ends, is collected, and its pid goes to another process.
 * The call says ESRCH; the other process is not touched. A supervisor holds the
 * call at the very step, and gives the pid away by clone3() with set_tid.
 *
 * runs-as: root
 */
#include "notify.h"
#include "caller.h"
#include <linux/sched.h>

static struct peer caller;
static pid_t pid;
static int replaced;
static char maps[65536];

static int calling_body(int channel)
{
	static const int calls[] = { SYS_ptrace };
	notify_begin(channel, calls, 1);
	CHECK_MAP_FAILS(mmap_peer(pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0), ESRCH);
	return 0;
}

/* A process of our own with that very pid, which only waits. */
static void take_pid(void)
{
	struct clone_args with_pid = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1 };
	long got = syscall(SYS_clone3, &with_pid, sizeof with_pid);
	if (got == 0)
		for (;;)
			pause();
	CHECK(got == pid);
	await_syscall(pid, CALL_PAUSE);
	proc_text(pid, "maps", maps, sizeof maps);
}

static int replace_at_the_first_attach(const struct seccomp_notif *r)
{
	if (r->data.args[0] == PTRACE_SEIZE && (pid_t)r->data.args[1] == pid && !replaced) {
		replaced = 1;
		CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
		take_pid();
	}
	return 0;
}

int main(void)
{
	static char text[65536];
	struct peer target = peer_start(obedient_body);
	pid = target.pid;
	caller = peer_start(calling_body);
	notify_serve(&caller, replace_at_the_first_attach);
	CHECK(peer_status(&caller) == 0);
	CHECK(replaced);
	await_syscall(pid, CALL_PAUSE);
	check_same_text("the other process's mappings", maps, proc_text(pid, "maps", text, sizeof text));
	CHECK(proc_status(pid, "TracerPid") == 0);
	CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	return 0;
}
