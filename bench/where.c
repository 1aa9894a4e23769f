/*
 * where.c: where the time of a call goes. The prices of the single steps, the
 * least that a call could cost (the bare recipe, without any check), and the
 * library's own calls with the stops that they put the target through.
 *
 *   where [PATTERN]   only the lines whose name contains PATTERN
 */
#include "bench.h"
#include <elf.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/mman_peer.h>
#include <mman_peer.h>

enum { RUNS = 400, ROUNDS = 5, STACK = 64 * 1024 };
enum { ACROSS = PLACEMENTS, WHERES };

static pid_t target;
static unsigned long vdso_syscall; /* the target is our fork: its vdso is at the same place */
static char *stack;
static int memfd;
static int spin;                   /* looks at a stop without sleeping, before it sleeps */

/* ---- The recipe, without checks ---------------------------------------- */

static int await_stop(void)
{
	int status, i;
	for (i = 0; i < spin; i++)
		if (wait4(target, &status, __WALL | WNOHANG, NULL) == target)
			return status;
	if (wait4(target, &status, __WALL, NULL) != target)
		die("wait4");
	return status;
}

static void seize(void)
{
	if (ptrace(PTRACE_SEIZE, target, NULL, PTRACE_O_TRACESYSGOOD) != 0)
		die("PTRACE_SEIZE");
	ptrace(PTRACE_INTERRUPT, target, NULL, NULL);
	await_stop();
}

static void let_go(void)
{
	if (ptrace(PTRACE_DETACH, target, NULL, NULL) != 0)
		die("PTRACE_DETACH");
}

static void to_next_stop(void)
{
	ptrace(PTRACE_SYSCALL, target, NULL, NULL);
	await_stop();
}

static long remote_call(long number, unsigned long addr, unsigned long len, long prot, long flags, long fd)
{
	struct user_regs_struct saved, run;
	long result;
	seize();
	ptrace(PTRACE_GETREGS, target, NULL, &saved);
	run = saved;
	run.rip = vdso_syscall;
	run.orig_rax = (unsigned long)-1;
	run.rax = (unsigned long)number;
	run.rdi = addr;
	run.rsi = len;
	run.rdx = (unsigned long)prot;
	run.r10 = (unsigned long)flags;
	run.r8 = (unsigned long)fd;
	run.r9 = 0;
	ptrace(PTRACE_SETREGS, target, NULL, &run);
	to_next_stop();
	to_next_stop();
	result = ptrace(PTRACE_PEEKUSER, target, offsetof(struct user_regs_struct, rax), NULL);
	ptrace(PTRACE_SETREGS, target, NULL, &saved);
	let_go();
	return result;
}

static long mapped_at; /* by the last remote mmap, for the munmap */

static int remote_mmap(void *unused)
{
	(void)unused;
	mapped_at = remote_call(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	return 0;
}

static int remote_munmap(void *unused)
{
	(void)unused;
	if (remote_call(SYS_munmap, (unsigned long)mapped_at, PAGE, 0, 0, 0) != 0)
		die("remote munmap");
	return 0;
}

/* ---- A helper, as the library starts one for a call --------------------- */

static int nothing(void *unused) { (void)unused; return 0; }
static int own_session(void *unused) { (void)unused; setsid(); return 0; }

static void by_helper(int (*body)(void *))
{
	sigset_t all, old;
	pid_t pid;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = clone(body, stack + STACK, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_VFORK | CLONE_UNTRACED, NULL);
	if (pid == -1 || wait4(pid, NULL, __WALL, NULL) != pid)
		die("helper");
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/* ---- What is measured --------------------------------------------------- */

static void a_helper(void) { by_helper(nothing); }
static void a_helper_session(void) { by_helper(own_session); }

static void a_stack(void)
{
	char *p = mmap(NULL, STACK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(p + PAGE, STACK - PAGE, PROT_READ | PROT_WRITE);
	p[STACK - 1] = 1;
	munmap(p, STACK);
}

static void a_pidfd(void)
{
	int fd = (int)syscall(SYS_pidfd_open, target, 0);
	syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0);
	close(fd);
}

static void read_proc(const char *file)
{
	char path[64], text[4096];
	int fd;
	snprintf(path, sizeof path, "/proc/%d/%s", (int)target, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || read(fd, text, sizeof text) < 0)
		die(path);
	close(fd);
}
static void a_stat(void) { read_proc("stat"); }
static void a_status(void) { read_proc("status"); }
static void an_auxv(void) { read_proc("auxv"); }
static void a_syscall_file(void) { read_proc("syscall"); }

static void a_remote_read(void)
{
	unsigned char bytes[8];
	struct iovec here = { bytes, sizeof bytes }, there = { (void *)vdso_syscall, sizeof bytes };
	if (process_vm_readv(target, &here, 1, &there, 1, 0) != sizeof bytes)
		die("process_vm_readv");
}

static void a_visit(void) { seize(); let_go(); }

static struct user_regs_struct regs;
static void a_getregs(void) { ptrace(PTRACE_GETREGS, target, NULL, &regs); }
static void a_setregs(void) { ptrace(PTRACE_SETREGS, target, NULL, &regs); }

/* One stop more on a target that is held: from its current one to an INTERRUPT's. */
static void a_stop(void)
{
	ptrace(PTRACE_CONT, target, NULL, NULL);
	ptrace(PTRACE_INTERRUPT, target, NULL, NULL);
	await_stop();
}

static void a_recipe_pair(void) { remote_mmap(NULL); remote_munmap(NULL); }
static void a_helper_pair(void) { by_helper(remote_mmap); by_helper(remote_munmap); }

static void library_pair(int flags, int fd)
{
	void *p = mmap_peer(target, NULL, PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (p == MAP_FAILED || munmap_peer(target, p, PAGE) != 0) {
		fprintf(stderr, "where: %s\n", mman_peer_explain());
		exit(1);
	}
}
static void a_library_pair(void) { library_pair(MAP_PRIVATE | MAP_ANON, NOFD); }
static void a_library_memfd_pair(void) { library_pair(MAP_SHARED, memfd); }

static void an_own_pair(void)
{
	void *p = mmap_peer(getpid(), NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, NOFD, 0);
	munmap_peer(getpid(), p, PAGE);
}

/* What the target must be during the measurement. */
enum needs { ASLEEP, HELD };

static const struct step {
	const char *name;
	void (*once)(void);
	enum needs needs;
	int spin;
} steps[] = {
	{ "helper: clone, exit, wait4, two masks", a_helper, ASLEEP, 0 },
	{ "helper with setsid", a_helper_session, ASLEEP, 0 },
	{ "stack of 64 KiB with guard: map, touch, unmap", a_stack, ASLEEP, 0 },
	{ "pidfd: open, signal 0, close", a_pidfd, ASLEEP, 0 },
	{ "read /proc/PID/stat", a_stat, ASLEEP, 0 },
	{ "read /proc/PID/status", a_status, ASLEEP, 0 },
	{ "read /proc/PID/auxv", an_auxv, ASLEEP, 0 },
	{ "read /proc/PID/syscall", a_syscall_file, ASLEEP, 0 },
	{ "process_vm_readv, 8 bytes", a_remote_read, ASLEEP, 0 },
	{ "PTRACE_GETREGS", a_getregs, HELD, 0 },
	{ "PTRACE_SETREGS", a_setregs, HELD, 0 },
	{ "one stop more: CONT, INTERRUPT, wait4", a_stop, HELD, 0 },
	{ "one stop more, spinning 200 times first", a_stop, HELD, 200 },
	{ "visit: SEIZE, INTERRUPT, wait4, DETACH", a_visit, ASLEEP, 0 },
	{ "visit, spinning 200 times first", a_visit, ASLEEP, 200 },
	{ "bare pair in the calling thread", a_recipe_pair, ASLEEP, 0 },
	{ "bare pair in the calling thread, spinning", a_recipe_pair, ASLEEP, 200 },
	{ "bare pair, a helper for each call", a_helper_pair, ASLEEP, 0 },
	{ "bare pair, a helper for each call, spinning", a_helper_pair, ASLEEP, 200 },
	{ "library: pair, anonymous", a_library_pair, ASLEEP, 0 },
	{ "library: pair, memfd", a_library_memfd_pair, ASLEEP, 0 },
	{ "library: pair in the caller's own process", an_own_pair, ASLEEP, 0 },
};
enum { STEPS = sizeof steps / sizeof *steps };

/* How often the target gave up the CPU: at each stop, and when it went back to sleep. */
static long target_switches(void)
{
	char path[64], line[256];
	long count, all = 0;
	FILE *status;
	snprintf(path, sizeof path, "/proc/%d/status", (int)target);
	status = fopen(path, "r");
	if (status == NULL)
		die(path);
	while (fgets(line, sizeof line, status) != NULL)
		if (sscanf(line, "voluntary_ctxt_switches: %ld", &count) == 1)
			all += count;
	fclose(status);
	return all;
}

static void place_both(int where)
{
	cpu_set_t other;
	place(0, where == FREE ? FREE : ONE_CPU);
	if (where != ACROSS) {
		place(target, where);
		return;
	}
	other = one_cpu();
	CPU_XOR(&other, &other, &allowed_cpus);
	if (sched_setaffinity(target, sizeof other, &other) != 0)
		die("no second CPU");
}

static void run(const struct step *s, int runs, struct samples *all)
{
	int i;
	spin = s->spin;
	if (s->needs == HELD) {
		seize();
		a_getregs();
	}
	for (i = 0; i < runs; i++) {
		double start = now();
		s->once();
		sample(all, now() - start);
	}
	if (s->needs == HELD)
		let_go();
	await_sleep(target);
}

static unsigned long find_syscall(void)
{
	const unsigned char *p = (const unsigned char *)getauxval(AT_SYSINFO_EHDR);
	size_t i;
	for (i = sizeof(Elf64_Ehdr); p != NULL && i < 2 * PAGE; i++)
		if (p[i] == 0x0f && p[i + 1] == 0x05)
			return (unsigned long)(p + i);
	errno = ENOSYS;
	die("no system call instruction in the vdso");
	return 0;
}

int main(int argc, char **argv)
{
	static struct samples all[STEPS][WHERES];
	double switches[STEPS] = { 0 };
	int round, where, i;
	int wheres;
	struct target t;
	remember_cpus();
	wheres = CPU_COUNT(&allowed_cpus) > 1 ? WHERES : PLACEMENTS;
	vdso_syscall = find_syscall();
	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memfd = memfd_create("where", MFD_CLOEXEC);
	if (stack == MAP_FAILED || memfd == -1 || ftruncate(memfd, PAGE) != 0)
		die("where");
	t = target_start(1, 0);
	target = t.pid;
	for (round = 0; round < ROUNDS; round++)
		for (where = 0; where < wheres; where++) {
			place_both(where);
			for (i = 0; i < STEPS; i++) {
				long before = target_switches();
				if (argc > 1 && strstr(steps[i].name, argv[1]) == NULL)
					continue;
				run(&steps[i], RUNS / ROUNDS, &all[i][where]);
				switches[i] += (double)(target_switches() - before) / (RUNS * wheres);
			}
		}
	printf("%-48s%10s%10s%10s%10s\n", "median, us", "one CPU", "free", "across", "switches");
	for (i = 0; i < STEPS; i++) {
		if (all[i][0].count == 0)
			continue;
		printf("%-48s", steps[i].name);
		for (where = 0; where < wheres; where++)
			printf("%10.1f", median(&all[i][where]));
		printf("%*s%10.1f\n", (WHERES - wheres) * 10, "", switches[i]);
	}
	printf("\nswitches: how often the target gave up the CPU, once for each stop and once to sleep again\n");
	target_end(&t);
	return 0;
}
