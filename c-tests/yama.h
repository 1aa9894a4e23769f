/*
 * yama.h: plays Yama's scope 1 for a caller, on any kernel: a supervisor
 * (notify.h) refuses to the caller's helper processes what Yama would refuse
 * to them, as they are no ancestors of the target, and lets the threads of
 * the caller, the target's parent, do it.
 */
#ifndef YAMA_H
#define YAMA_H
#include "notify.h"
#include "caller.h"

static pid_t yama_caller;
static unsigned long yama_refusals, yama_grants;

/* security/yama/yama_lsm.c, yama_ptrace_access_check: PTRACE_MODE_ATTACH only. */
static inline int yama_scope_1(const struct seccomp_notif *r)
{
	if (r->data.nr == SYS_ptrace && r->data.args[0] != PTRACE_SEIZE && r->data.args[0] != PTRACE_ATTACH)
		return 0;
	/* The number is a thread's; Yama asks for its process (task_is_descendant). */
	if (proc_status((pid_t)r->pid, "Tgid") == yama_caller) {
		yama_grants++;
		return 0;
	}
	yama_refusals++;
	return EPERM;
}

/* The caller: forks its targets by `prepare` (they are not supervised), then runs. */
static void (*yama_prepare)(void);
static void (*yama_run)(void);

static inline int yama_body(int channel)
{
	static const int calls[] = { SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_getfd };
	yama_prepare();
	notify_begin(channel, calls, LENGTH_OF(calls));
	yama_run();
	return 0;
}

static inline void under_yama(notify_judge judge, void (*prepare)(void), void (*run)(void))
{
	struct peer p;
	yama_prepare = prepare;
	yama_run = run;
	yama_refusals = yama_grants = 0;
	p = peer_start(yama_body);
	yama_caller = p.pid;
	notify_serve(&p, judge);
	CHECK(peer_status(&p) == 0);
	close(p.channel);
}

#endif
