/*
 * compel.c: the nearest existing engine, to compare with. With
 * HAVE_LIBCOMPEL (Debian's package criu has header and library) each system
 * call in the target is a whole cycle: stop, prepare, call, cure, resume, as
 * CRIU's own example compel/test/rsys does it.
 */
#include "compel.h"

#ifdef HAVE_LIBCOMPEL
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <compel/infect.h>

/* A whole cycle around one system call; -1 if any step fails. */
struct cycle {
	int (*stop)(int pid);
	struct parasite_ctl *(*prepare)(int pid);
};

static int remote_call(const struct cycle *way, pid_t pid, long *result, int number,
		       unsigned long addr, unsigned long len, unsigned long prot, unsigned long flags, unsigned long fd)
{
	struct parasite_ctl *ctl;
	int state, called;
	state = way->stop(pid);
	if (state < 0)
		return -1;
	ctl = way->prepare(pid);
	if (ctl == NULL) {
		compel_resume_task(pid, state, state);
		return -1;
	}
	called = compel_syscall(ctl, number, result, addr, len, prot, flags, fd, 0);
	if (compel_cure(ctl) != 0 || compel_resume_task(pid, state, state) != 0)
		return -1;
	return called < 0 ? -1 : 0;
}

static int pair(const struct cycle *way, pid_t pid)
{
	long addr = -1, gone = -1;
	if (remote_call(way, pid, &addr, SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, (unsigned long)-1) != 0 || (addr < 0 && addr > -4096))
		return -1;
	if (remote_call(way, pid, &gone, SYS_munmap, (unsigned long)addr, 4096, 0, 0, 0) != 0)
		return -1;
	return gone == 0 ? 0 : -1;
}

static const struct cycle plain = { compel_stop_task, compel_prepare };

int compel_pair(pid_t pid) { return pair(&plain, pid); }

/* compel_stop_task() reads /proc/PID/status for seccomp and a pending SIGSTOP: our targets have neither. */
static int no_status(int pid, struct seize_task_status *status, void *data)
{
	(void)pid;
	(void)data;
	memset(status, 0, sizeof *status);
	return 0;
}

static int quick_stop(int pid)
{
	struct seize_task_status status;
	if (compel_interrupt_task(pid) != 0)
		return -1;
	return compel_wait_task(pid, -1, no_status, NULL, &status, NULL);
}

static pid_t known_pid;
static unsigned long known_ip;

static struct parasite_ctl *quick_prepare(int pid)
{
	struct parasite_ctl *ctl = pid == known_pid ? compel_prepare_noctx(pid) : compel_prepare(pid);
	if (ctl == NULL)
		return NULL;
	if (pid == known_pid) {
		compel_infect_ctx(ctl)->syscall_ip = known_ip;
	} else {
		known_pid = pid;
		known_ip = compel_infect_ctx(ctl)->syscall_ip;
	}
	return ctl;
}

static const struct cycle quick = { quick_stop, quick_prepare };

int compel_quick_pair(pid_t pid) { return pair(&quick, pid); }

const char *compel_missing(void) { return NULL; }

#else

int compel_pair(pid_t pid) { (void)pid; return -1; }
int compel_quick_pair(pid_t pid) { (void)pid; return -1; }
const char *compel_missing(void) { return "missing here (Debian: apt install criu)"; }

#endif
