/*
 * A call leaves nothing behind in the caller and changes nothing: descriptors,
 * mappings, signal mask, dispositions, pending signals, alternate stack,
 * timers, umask, directories, limits, process group, session, priority, what
 * prctl(2) tells, floating point settings. After calls that succeed and calls
 * that fail.
 */
#include "caller.h"
#include <sched.h>
#include <sys/time.h>

/* One text for all that can be asked; two of them are compared. */
struct state {
	char fds[16384], maps[65536], rest[16384];
	size_t length;
};

__attribute__((format(printf, 2, 3)))
static void note(struct state *s, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	s->length += (size_t)vsnprintf(s->rest + s->length, sizeof s->rest - s->length, format, ap);
	va_end(ap);
	CHECK(s->length < sizeof s->rest);
}

static void note_set(struct state *s, const char *name, const sigset_t *set)
{
	note(s, "%s:", name);
	for (int signal = 1; signal <= SIGRTMAX; signal++)
		if (sigismember(set, signal) == 1)
			note(s, " %d", signal);
	note(s, "\n");
}

/* What the kernel keeps, by the kernel's own structure: all 64, none hidden by libc. */
static void note_dispositions(struct state *s)
{
	for (int signal = 1; signal <= 64; signal++) {
		unsigned long action[4] = { 0 };
		CHECK(syscall(SYS_rt_sigaction, signal, NULL, action, 8) == 0);
		note(s, "signal %d: %lx %lx %lx %lx\n", signal, action[0], action[1], action[2], action[3]);
	}
}

static void note_timers(struct state *s)
{
	for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++) {
		struct itimerval t;
		CHECK(getitimer((__itimer_which_t)which, &t) == 0);
		/* They run: armed for hours, they are still so to the hour. */
		note(s, "timer %d: interval %ld.%06ld, %s\n", which, (long)t.it_interval.tv_sec,
			(long)t.it_interval.tv_usec, t.it_value.tv_sec > 3600 ? "armed" : "not armed");
	}
}

static void note_limits(struct state *s)
{
	for (int which = 0; which < (int)RLIM_NLIMITS; which++) {
		struct rlimit limit;
		CHECK(getrlimit((__rlimit_resource_t)which, &limit) == 0);
		note(s, "limit %d: %lu %lu\n", which, (unsigned long)limit.rlim_cur, (unsigned long)limit.rlim_max);
	}
}

static void note_prctl(struct state *s)
{
	char name[17] = "";
	int death = -1, reaper = -1, tsc = -1;
	CHECK(prctl(PR_GET_NAME, name) == 0);
	CHECK(prctl(PR_GET_PDEATHSIG, &death) == 0);
	CHECK(prctl(PR_GET_CHILD_SUBREAPER, &reaper) == 0);
	(void)prctl(PR_GET_TSC, &tsc);
	note(s, "prctl: %s %d %d %d %d %d %d %d %d\n", name, death, reaper, tsc, prctl(PR_GET_DUMPABLE),
		prctl(PR_GET_KEEPCAPS), prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), prctl(PR_GET_SECCOMP),
		(int)prctl(PR_GET_TIMERSLACK));
}

static void note_identity(struct state *s)
{
	char cwd[4096], text[8192];
	mode_t mask = umask(0);
	umask(mask);
	CHECK(getcwd(cwd, sizeof cwd) != NULL);
	note(s, "umask %o, directory %s, group %d, session %d, foreground %d, parent %d\n", (unsigned)mask, cwd,
		(int)getpgrp(), (int)getsid(0), (int)tcgetpgrp(0), (int)getppid());
	note(s, "priority %d, policy %d\n", getpriority(PRIO_PROCESS, 0), sched_getscheduler(0));
	note(s, "threads %ld, tracer %ld, uid %d %d, gid %d %d\n", proc_status(getpid(), "Threads"),
		proc_status(getpid(), "TracerPid"), getuid(), geteuid(), getgid(), getegid());
	note(s, "children %s\n", proc_text(getpid(), "task/self/children", text, sizeof text));
	snprintf(cwd, sizeof cwd, "task/%d/children", (int)getpid());
	note(s, "children %s\n", proc_text(getpid(), cwd, text, sizeof text));
}

#if defined(__x86_64__)
/* Rounding upwards, inexact raised: by hand, as the functions of <fenv.h> need -lm. */
static void set_floating_point(void)
{
	unsigned mxcsr = 0x1f80 | 0x4000 | 0x20;
	unsigned short control = 0x037f | 0x0800;
	__asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(mxcsr), "m"(control));
}
static unsigned floating_point(void)
{
	unsigned mxcsr;
	unsigned short control;
	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(mxcsr), "=m"(control));
	return mxcsr << 16 ^ control;
}
#elif defined(__aarch64__)
static void set_floating_point(void)
{
	__asm__ volatile("msr fpcr, %0; msr fpsr, %1" : : "r"(0x400000ul), "r"(0x10ul));
}
static unsigned floating_point(void)
{
	unsigned long control, status;
	__asm__ volatile("mrs %0, fpcr; mrs %1, fpsr" : "=r"(control), "=r"(status));
	return (unsigned)(control ^ status);
}
#else
static void set_floating_point(void) { }
static unsigned floating_point(void) { return 0; }
#endif

static void note_thread(struct state *s)
{
	sigset_t set;
	stack_t stack;
	unsigned long mask = 0;
	cpu_set_t cpus;
	CHECK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, 8) == 0);
	note(s, "mask %lx\n", mask);
	CHECK(sigpending(&set) == 0);
	note_set(s, "pending", &set);
	CHECK(sigaltstack(NULL, &stack) == 0);
	note(s, "stack %p %zu %d\n", stack.ss_sp, stack.ss_size, stack.ss_flags);
	CHECK(sched_getaffinity(0, sizeof cpus, &cpus) == 0);
	note(s, "cpus %d, floating point %x\n", CPU_COUNT(&cpus), floating_point());
}

static void look(struct state *s)
{
	memset(s, 0, sizeof *s);
	note_thread(s);
	note_dispositions(s);
	note_timers(s);
	note_limits(s);
	note_prctl(s);
	note_identity(s);
	fd_list(getpid(), s->fds, sizeof s->fds);
	proc_text(getpid(), "maps", s->maps, sizeof s->maps);
}

static void compare(const struct state *before, const struct state *after)
{
	check_same_text("descriptors", before->fds, after->fds);
	check_same_text("state", before->rest, after->rest);
	check_same_text("mappings", before->maps, after->maps);
}

static void on_signal(int signal) { (void)signal; }

/* A state with something in every place, so that a loss or a change shows. */
static void arrange(void)
{
	static char alternate[65536];
	struct itimerval hours = { { 7200, 11 }, { 14400, 22 } };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART | SA_NODEFER };
	stack_t stack = { .ss_sp = alternate, .ss_size = sizeof alternate };
	sigset_t some;
	CHECK(sigaltstack(&stack, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &hours, NULL) == 0);
	CHECK(setitimer(ITIMER_VIRTUAL, &hours, NULL) == 0);
	CHECK(setitimer(ITIMER_PROF, &hours, NULL) == 0);
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(sigaction(SIGCHLD, &action, NULL) == 0);
	CHECK(sigaction(SIGRTMIN + 3, &action, NULL) == 0);
	CHECK(signal(SIGUSR2, SIG_IGN) != SIG_ERR);
	sigemptyset(&some);
	sigaddset(&some, SIGUSR1);
	sigaddset(&some, SIGRTMIN + 5);
	CHECK(sigprocmask(SIG_BLOCK, &some, NULL) == 0);
	raise(SIGUSR1);                         /* pending, for the thread */
	kill(getpid(), SIGRTMIN + 5);           /* and for the process */
	umask(0137);
	CHECK(prctl(PR_SET_NAME, "an application") == 0);
	set_floating_point();
	setpriority(PRIO_PROCESS, 0, 1);
}

static struct state before, after;

static void calls(struct peer *target, int fd, int write_only)
{
	size_t page = check_page();
	void *at, *other;
	CHECK_MAPS(at, mmap_peer(target->pid, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0));
	CHECK_MAPS(other, mmap_peer(target->pid, NULL, page, READ_WRITE, MAP_SHARED, fd, 0));
	CHECK_OK(munmap_peer(target->pid, other, page));
	CHECK_OK(munmap_peer(target->pid, at, page));
	CHECK_MAPS(at, mmap_peer(getpid(), NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0));
	CHECK_OK(munmap_peer(getpid(), at, page));
	CHECK_MAP_FAILS(mmap_peer(-1, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0), ESRCH);
	CHECK_MAP_FAILS(mmap_peer(target->pid, NULL, 0, READ_WRITE, PRIVATE_ANON, NOFD, 0), EINVAL);
	CHECK_MAP_FAILS(mmap_peer(target->pid, NULL, page, PROT_READ, MAP_SHARED, 999, 0), EBADF);
	CHECK_MAP_FAILS(mmap_peer(target->pid, NULL, page, PROT_READ, MAP_SHARED, write_only, 0), EACCES);
	CHECK_MAP_FAILS(mmap_peer(target->pid, NULL, TOO_LONG, PROT_READ, PRIVATE_ANON, NOFD, 0), ENOMEM);
	CHECK_UNMAP_FAILS(munmap_peer(target->pid, NULL, 0), EINVAL);
}

int main(int argc, char **argv)
{
	(void)argc;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "1500");
	struct peer target = consenting_peer(), held = consenting_peer();
	struct peer debugger = debugger_start(held.pid);
	int fd = marked_memfd('s');
	int write_only = open("/dev/null", O_WRONLY | O_CLOEXEC);

	CHECK(write_only != -1);
	arrange();
	look(&before);          /* once for nothing: what the looking itself needs */
	look(&before);

	calls(&target, fd, write_only);
	look(&after);
	check_same_text("descriptors", before.fds, after.fds);
	check_same_text("state", before.rest, after.rest);
	/* The first call may set aside a page for good; no later one may. */
	look(&before);
	for (int i = 0; i < check_rounds(100); i++)
		calls(&target, fd, write_only);
	look(&after);
	compare(&before, &after);

	CHECK_MAP_FAILS(mmap_peer(held.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0), EAGAIN);
	look(&after);
	compare(&before, &after);
	peer_kill(&debugger);
	peer_dismiss(&held);
	peer_dismiss(&target);
	return 0;
}
