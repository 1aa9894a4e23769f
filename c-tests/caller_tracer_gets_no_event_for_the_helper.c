/*
 * A debugger of the caller, or strace -f, that follows every fork, vfork and
 * clone is not given the helper process: no event, no new tracee, no stop of
 * an unknown process. The calls work under it all the same, also when every
 * system call of the caller stops it.
 */
#include "caller.h"

enum { PAIRS = 50 };

static pid_t target;

static int caller_body(int channel)
{
	CHECK(hear_word(channel) == 1);
	for (int i = 0; i < check_rounds(PAIRS); i++) {
		void *at;
		CHECK_MAPS(at, mmap_peer(target, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
		CHECK_OK(munmap_peer(target, at, check_page()));
	}
	return 0;
}

/* Resumes the caller by `resume` till its end; nothing but its own stops may come. */
static void trace(long options, enum __ptrace_request resume)
{
	struct peer caller = peer_start(caller_body);
	int status, stops = 0;
	CHECK(ptrace(PTRACE_SEIZE, caller.pid, 0, options) == 0);
	CHECK(ptrace(PTRACE_INTERRUPT, caller.pid, 0, 0) == 0);
	tell_word(caller.channel, 1);
	for (;;) {
		pid_t got = waitpid(-1, &status, __WALL);
		int event = status >> 16, signal;
		if (got != caller.pid)
			fprintf(stderr, "the tracer was given process %d, status %x\n", (int)got, (unsigned)status);
		CHECK(got == caller.pid);
		if (!WIFSTOPPED(status))
			break;
		stops++;
		if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE)
			fprintf(stderr, "event %d\n", event);
		CHECK(event != PTRACE_EVENT_FORK && event != PTRACE_EVENT_VFORK && event != PTRACE_EVENT_CLONE);
		signal = WSTOPSIG(status);
		if (event != 0 || signal == (SIGTRAP | 0x80))
			signal = 0;
		CHECK(signal == 0);     /* and no signal that nobody sent */
		CHECK(ptrace(resume, caller.pid, 0, signal) == 0);
	}
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(resume == PTRACE_CONT || stops > check_rounds(PAIRS));
	close(caller.channel);
}

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	const long strace = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE
		| PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
	const long gdb = strace | PTRACE_O_TRACEVFORKDONE | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL;
	struct peer p = consenting_peer();

	target = p.pid;
	trace(strace, PTRACE_SYSCALL);
	trace(gdb, PTRACE_CONT);
	trace(gdb, PTRACE_SYSCALL);
	/* The tracer waited with -1 for all its children: the target was no news. */
	peer_dismiss(&p);
	return 0;
}
