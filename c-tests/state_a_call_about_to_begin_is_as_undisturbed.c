/*
 * A target in user mode is stopped (SIGSTOP) when the very next instruction is
 * that of a system call. Mappings are made and removed meanwhile; then it goes
 * on. The call returns what it would have, after the time it would have taken:
 * no EINTR out of a call that had not begun, and not the result of another one.
 *
 * runs-alone
 */
#include "disturb.h"
#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/ptrace.h>

#define SPAN_MS 300
#define NEARLY_THE_SPAN (0.95 * SPAN_MS / 1000 / check_slowness())     /* by check_now() */

/* A call by an instruction whose address is known. */
long call_from_here(long number, const unsigned long a[6]);
extern const char enters_kernel[];
__asm__(
	".pushsection .text\n"
	".globl call_from_here\n"
	"call_from_here:\n"
#if defined(__x86_64__)
	"	mov %rdi, %rax\n"
	"	mov %rsi, %r11\n"
	"	mov 0(%r11), %rdi; mov 8(%r11), %rsi; mov 16(%r11), %rdx\n"
	"	mov 24(%r11), %r10; mov 32(%r11), %r8; mov 40(%r11), %r9\n"
	".globl enters_kernel\n"
	"enters_kernel:\n"
	"	syscall\n"
	"	ret\n"
#elif defined(__i386__)
	"	push %ebx; push %esi; push %edi; push %ebp\n"
	"	mov 20(%esp), %eax; mov 24(%esp), %ebp\n"
	"	mov 0(%ebp), %ebx; mov 4(%ebp), %ecx; mov 8(%ebp), %edx\n"
	"	mov 12(%ebp), %esi; mov 16(%ebp), %edi; mov 20(%ebp), %ebp\n"
	".globl enters_kernel\n"
	"enters_kernel:\n"
	"	int $0x80\n"
	"	pop %ebp; pop %edi; pop %esi; pop %ebx\n"
	"	ret\n"
#elif defined(__aarch64__)
	"	mov x8, x0\n"
	"	mov x9, x1\n"
	"	ldp x0, x1, [x9]; ldp x2, x3, [x9, #16]; ldp x4, x5, [x9, #32]\n"
	".globl enters_kernel\n"
	"enters_kernel:\n"
	"	svc #0\n"
	"	ret\n"
#endif
	".popsection\n"
);

static int epoll, ready_epoll, quiet[2], ready[2];

/* Each ends by its own timeout, or has its result at once. */
struct case_ { const char *name; long number; unsigned long a[6]; long result; int waits; };

static struct timespec span = { 0, SPAN_MS * 1000000 };
static struct epoll_event event;
static uint32_t word;
static char byte;
static uint64_t signals = 1ull << (40 - 1);
#define W(x) ((unsigned long)(x))

enum { CASES = 12 };
static struct case_ case_of(int i)
{
	const struct case_ cases[CASES] = {
		{ "nanosleep", SYS_nanosleep, { W(&span), 0 }, 0, 1 },
		{ "clock_nanosleep", SYS_clock_nanosleep, { CLOCK_MONOTONIC, 0, W(&span), 0 }, 0, 1 },
		{ "futex, timed", SYS_futex, { W(&word), FUTEX_WAIT, 0, W(&span), 0, 0 }, -ETIMEDOUT, 1 },
		{ "epoll_pwait, timed", SYS_epoll_pwait, { W(epoll), W(&event), 1, SPAN_MS, 0, 8 }, 0, 1 },
		{ "epoll_pwait, at once", SYS_epoll_pwait, { W(epoll), W(&event), 1, 0, 0, 8 }, 0, 0 },
		{ "epoll_pwait, ready", SYS_epoll_pwait, { W(ready_epoll), W(&event), 1, W(-1), 0, 8 }, 1, 0 },
		{ "sigtimedwait", SYS_rt_sigtimedwait, { W(&signals), 0, W(&span), 8 }, -EAGAIN, 1 },
		{ "recv, timed", SYS_recvfrom, { W(quiet[0]), W(&byte), 1, 0, 0, 0 }, -EAGAIN, 1 },
		{ "recv, ready", SYS_recvfrom, { W(ready[0]), W(&byte), 1, MSG_PEEK, 0, 0 }, 1, 0 },
		{ "read, timed", SYS_read, { W(quiet[0]), W(&byte), 1 }, -EAGAIN, 1 },
		{ "close of nothing", SYS_close, { W(-1) }, -EBADF, 0 },
		{ "getppid", SYS_getppid, { 0 }, 0, 0 },
	};
	return cases[i];
}

static struct { atomic_int turn, go, done; long result; } *shared;

static int target(int channel)
{
	int i;
	(void)channel;
	for (i = 0; i < CASES; i++) {
		struct case_ c = case_of(i);
		shared->turn = i + 1;
		while (shared->go <= i)
			;
		shared->result = call_from_here(c.number, c.a);
		shared->done = i + 1;
	}
	return 0;
}

/* Brings the thread to that instruction, step by step, and stops it there. */
static void stop_at_the_call(pid_t pid, int turn)
{
	struct __ptrace_syscall_info info;
	int status, steps;
	CHECK(ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0 && ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == 0);
	CHECK(waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status));
	shared->go = turn;
	for (steps = 0;; steps++) {
		CHECK(ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof info, &info) > 0);
		if (info.instruction_pointer == (uintptr_t)enters_kernel)
			break;
		CHECK(steps < 100000);
		CHECK(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == 0);
		CHECK(waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	}
	CHECK(kill(pid, SIGSTOP) == 0);
	CHECK(ptrace(PTRACE_DETACH, pid, NULL, NULL) == 0);
	await_state(pid, 'T');
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
}

static void play(pid_t pid, int i, int object)
{
	struct case_ c = case_of(i);
	double began, took;
	AWAIT(shared->turn == i + 1);
	stop_at_the_call(pid, i + 1);
	/*
	 * A call may begin amid the mappings and be stopped in it: nobody can tell
	 * that from a stop that came a moment later.
	 */
	began = check_now();
	disturb_times(pid, 2);
	if (i % 2)
		disturb_by_file(pid, object);
	await_state(pid, 'T');
	CHECK(shared->done == i);
	CHECK(kill(pid, SIGCONT) == 0);
	AWAIT(shared->done == i + 1);
	took = check_now() - began;
	if (c.number == SYS_getppid)
		c.result = getpid();
	if (shared->result != c.result || (c.waits && took < NEARLY_THE_SPAN))
		fprintf(stderr, "%s: %ld after %.3f s, not %ld\n", c.name, shared->result, took, c.result);
	CHECK(shared->result == c.result);
	if (c.waits)
		CHECK(took > NEARLY_THE_SPAN);
}

int main(void)
{
	struct timeval brief = { 0, SPAN_MS * 1000 };
	struct epoll_event in = { .events = EPOLLIN };
	struct peer p;
	int i, object = an_object();
	shared = shared_memory(sizeof *shared);
	CHECK((epoll = epoll_create1(0)) != -1 && (ready_epoll = epoll_create1(0)) != -1);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, quiet) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, ready) == 0);
	CHECK(write(ready[1], "r", 1) == 1 && epoll_ctl(ready_epoll, EPOLL_CTL_ADD, ready[0], &in) == 0);
	CHECK(setsockopt(quiet[0], SOL_SOCKET, SO_RCVTIMEO, &brief, sizeof brief) == 0);
	p = peer_start(target);
	for (i = 0; i < CASES; i++)
		play(p.pid, i, object);
	CHECK(peer_status(&p) == 0);
	return 0;
}
