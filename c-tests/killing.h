/*
 * killing.h: a caller that maps and unmaps in a witness without pause, and the
 * judge that strikes it at random instants and looks whether the target is
 * unharmed.
 *
 * The judge is a child subreaper (prctl(2)): helpers that outlive their caller
 * become its children, so it can wait for the last of them. The target is not
 * its child.
 */
#ifndef KILLING_H
#define KILLING_H
#include "instants.h"
#include "witness.h"

/* What the caller tells, in shared memory, up to its last instant. */
struct told {
	volatile unsigned long calls;
	volatile int inside;
};

static struct told *told;
static struct peer killing_target;
static char *killing_place;     /* reserved before the target was forked, so free there */
static int killing_memfd;
enum { KILLING_PAGES = 4 };

static inline size_t killing_length(void) { return KILLING_PAGES * check_page(); }

static inline void killing_call(int unmap, int fd)
{
	told->inside = 1;
	if (unmap)
		CHECK_OK(munmap_peer(killing_target.pid, killing_place, killing_length()));
	else
		CHECK(mmap_peer(killing_target.pid, killing_place, killing_length(), READ_WRITE,
			MAP_FIXED | (fd == NOFD ? PRIVATE_ANON : MAP_SHARED), fd, 0) == killing_place);
	told->inside = 0;
	told->calls++;
}

static inline int calls_for_ever(int fd)
{
	while (told != NULL) {
		killing_call(0, fd);
		killing_call(1, fd);
	}
	return 0;
}

/* Forks such a caller, in a process group of its own, and waits until it calls. */
static inline pid_t caller_start(int fd)
{
	pid_t pid, judge = getpid();
	told->calls = 0;
	told->inside = 0;
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != judge || setpgid(0, 0) != 0)
			_exit(1);
		_exit(calls_for_ever(fd));
	}
	while (told->calls == 0) {
		CHECK(task_state(pid) != 'Z');
		sched_yield();
	}
	return pid;
}

/* The target's mappings but those in the place, and its descriptors. */
static inline const char *killing_residue(char *text, size_t size)
{
	static char all[131072];
	size_t have = 0;
	proc_text(killing_target.pid, "maps", all, sizeof all);
	for (char *line = strtok(all, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		uintptr_t start = strtoull(line, NULL, 16);
		if (start < (uintptr_t)killing_place || start >= (uintptr_t)killing_place + killing_length())
			have += (size_t)snprintf(text + have, size - have, "%s\n", line);
		CHECK(have < size);
	}
	fd_list(killing_target.pid, text + have, size - have);
	return text;
}

static inline void killing_prepare(void)
{
	char *reserved;
	told = mmap(NULL, check_page(), READ_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	/* With neighbours on both sides, so that the place never merges with others. */
	reserved = mmap(NULL, killing_length() + 2 * check_page(), PROT_NONE, PRIVATE_ANON, -1, 0);
	CHECK(told != MAP_FAILED && reserved != MAP_FAILED);
	killing_place = reserved + check_page();
	killing_memfd = memfd_create("killing", MFD_CLOEXEC);
	CHECK(killing_memfd != -1 && ftruncate(killing_memfd, (off_t)killing_length()) == 0);
	killing_target = witness_start();
	killing_call(0, killing_memfd);
	killing_call(1, killing_memfd);
}

/*
 * The helpers of a killed caller end by themselves: waits for the last, which
 * shares the caller's memory. A helper that does not end is a hang.
 */
static inline void await_helpers(void)
{
	pid_t got;
	do got = waitpid(-1, NULL, __WALL); while (got > 0 || errno == EINTR);
	CHECK(errno == ECHILD);
}

/* After a caller's end: its helpers end, and the target is as it was. */
static inline void judge_target(void)
{
	static char before[131072], after[131072];
	await_helpers();
	CHECK(proc_status(killing_target.pid, "TracerPid") == 0);
	witness_goes_on(&killing_target);
	if (before[0] == '\0')
		killing_residue(before, sizeof before);
	check_same_text("the target", before, killing_residue(after, sizeof after));
}

/* Kills callers (`group`: all of their process group); how many were inside a call. */
static inline int kill_callers(int rounds, int group, unsigned seed)
{
	int inside = 0;
	CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	judge_target();
	for (int i = 0; i < rounds; i++) {
		int status;
		pid_t caller = caller_start(i % 2 ? killing_memfd : NOFD);
		usleep(random_below(&seed, 700));
		CHECK(kill(group ? -caller : caller, SIGKILL) == 0);
		CHECK(waitpid(caller, &status, 0) == caller);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		inside += told->inside;
		judge_target();
	}
	return inside;
}

/* The judge's work is done in a process of its own, so that the target is not its child. */
static inline void judged(int (*judge)(int channel))
{
	struct peer p = peer_start(judge);
	CHECK(peer_status(&p) == 0);
	witness_goes_on(&killing_target);
	peer_kill(&killing_target);
}

#endif
