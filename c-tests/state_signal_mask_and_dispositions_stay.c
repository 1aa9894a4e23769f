/*
 * Whatever a target does with signals, and with SIGTRAP above all, is as before
 * after mappings that met it in user mode and asleep: blocked, ignored, both,
 * handled, or all signals blocked. No handler runs, nothing is left pending.
 */
#include "disturb.h"

/* As the kernel has it; glibc's struct sigaction has undefined parts. */
struct kernel_action { void *handler; unsigned long flags; void *restorer; uint64_t mask; };

static struct { atomic_int variant, asleep_wanted, traps; } *shared;

enum { PLAIN, BLOCKED, IGNORED, BLOCKED_AND_IGNORED, HANDLED, HANDLED_AND_BLOCKED, ALL_BLOCKED, ALL_IGNORED, VARIANTS };

static void count_trap(int sig) { (void)sig; shared->traps++; }

static void take_variant(int v)
{
	struct sigaction a = { .sa_handler = SIG_DFL };
	sigset_t set;
	int sig;
	sigemptyset(&set);
	if (v == BLOCKED || v == BLOCKED_AND_IGNORED || v == HANDLED_AND_BLOCKED)
		sigaddset(&set, SIGTRAP);
	if (v == ALL_BLOCKED)
		sigfillset(&set);
	CHECK(sigprocmask(SIG_SETMASK, &set, NULL) == 0);
	if (v == IGNORED || v == BLOCKED_AND_IGNORED || v == ALL_IGNORED)
		a.sa_handler = SIG_IGN;
	if (v == HANDLED || v == HANDLED_AND_BLOCKED) {
		a.sa_handler = count_trap;
		a.sa_flags = SA_RESETHAND;
		sigaddset(&a.sa_mask, SIGUSR2);
	}
	for (sig = 1; sig <= SIGRTMAX; sig++)
		if (sig == SIGTRAP || v == ALL_IGNORED)
			if (sig != SIGKILL && sig != SIGSTOP && (sig < 32 || sig >= SIGRTMIN))
				CHECK(sigaction(sig, &a, NULL) == 0);
}

static int target(int channel)
{
	static struct { struct kernel_action actions[65]; sigset_t mask, pending; } before, after;
	int v, sig, pass;
	for (v = 0; v < VARIANTS; v++) {
		take_variant(v);
		for (pass = 0; pass < 2; pass++) {
			for (sig = 1; sig <= SIGRTMAX; sig++)
				CHECK(syscall(SYS_rt_sigaction, sig, NULL, (pass ? &after : &before)->actions + sig, 8) == 0);
			CHECK(sigprocmask(SIG_BLOCK, NULL, pass ? &after.mask : &before.mask) == 0);
			CHECK(sigpending(pass ? &after.pending : &before.pending) == 0);
			if (pass)
				break;
			shared->variant = v + 1;
			while (!shared->asleep_wanted)
				;
			CHECK(hear_word(channel) == 1);
			shared->asleep_wanted = 0;
		}
		CHECK(memcmp(&before, &after, sizeof before) == 0);
		CHECK(shared->traps == 0);
	}
	return 0;
}

int main(void)
{
	struct peer p;
	int v;
	shared = shared_memory(sizeof *shared);
	p = peer_start(target);
	for (v = 0; v < VARIANTS; v++) {
		AWAIT(shared->variant == v + 1);
		disturb_times(p.pid, 10);
		shared->asleep_wanted = 1;
		await_syscall(p.pid, CALL_OF_RECV);
		disturb_times(p.pid, 10);
		tell_word(p.channel, 1);
	}
	CHECK(peer_status(&p) == 0);
	return 0;
}
