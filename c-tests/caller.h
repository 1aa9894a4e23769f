/*
 * caller.h: what the tests of the caller's side share: reading /proc, starting
 * over with another environment, targets that consent to being traced, that a
 * debugger holds or that nobody can stop.
 */
#ifndef CALLER_H
#define CALLER_H
#include "check.h"
#include <dirent.h>
#include <pthread.h>
#include <sys/ptrace.h>
#include <sys/resource.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof((array)[0]))

static const int PRIVATE_ANON = MAP_PRIVATE | MAP_ANON;
static const int READ_WRITE = PROT_READ | PROT_WRITE;

/* The program begins again, once, with this variable in its environment. */
static inline void rerun_with(char **argv, const char *name, const char *value)
{
	const char *now = getenv(name);
	char longer[16];
	if (strcmp(name, "MMAN_PEER_TIMEOUT_MS") == 0) {
		snprintf(longer, sizeof longer, "%d", atoi(value) * check_slowness());
		value = longer;
	}
	if (now != NULL && strcmp(now, value) == 0)
		return;
	CHECK(setenv(name, value, 1) == 0);
	execv("/proc/self/exe", argv);
	check_failed(__FILE__, __LINE__, "execv /proc/self/exe");
}

/*
 * On a busy machine a target may not come to run within the default second; a
 * test in which calls must succeed gives them more.
 */
static inline void be_patient(int argc, char **argv)
{
	(void)argc;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "15000");
}

/* /proc/PID/NAME as text, cut at the size of the buffer; "" if it is gone. */
static inline const char *proc_text(pid_t pid, const char *name, char *text, size_t size)
{
	char path[512];
	size_t have = 0;
	ssize_t n = 0;
	int fd;
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		while (have < size - 1 && (n = read(fd, text + have, size - 1 - have)) > 0)
			have += (size_t)n;
		close(fd);
	}
	text[have] = '\0';
	if (strcmp(name, "maps") == 0)
		settle_maps(text);
	return text;
}

/* A number from /proc/PID/status, such as "TracerPid"; -1 if there is none. */
static inline long proc_status(pid_t pid, const char *key)
{
	char text[8192], word[64];
	const char *at;
	snprintf(word, sizeof word, "\n%s:", key);
	at = strstr(proc_text(pid, "status", text, sizeof text), word);
	return at ? strtol(at + strlen(word), NULL, 10) : -1;
}

/* The descriptors of a process, a line each: number, what it is, where it stands. */
static inline const char *fd_list(pid_t pid, char *text, size_t size)
{
	char path[300], what[256];
	size_t have = 0;
	struct dirent *entry;
	DIR *dir;
	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	CHECK(dir != NULL);
	text[0] = '\0';
	while ((entry = readdir(dir)) != NULL) {
		ssize_t n;
		if (entry->d_name[0] == '.' || (pid == getpid() && atoi(entry->d_name) == dirfd(dir)))
			continue;
		snprintf(path, sizeof path, "/proc/%d/fd/%s", (int)pid, entry->d_name);
		n = readlink(path, what, sizeof what - 1);
		what[n > 0 ? n : 0] = '\0';
		have += (size_t)snprintf(text + have, size - have, "%s %s ", entry->d_name, what);
		CHECK(have < size);
		snprintf(path, sizeof path, "fdinfo/%s", entry->d_name);
		proc_text(pid, path, what, sizeof what);
		if (atoi(entry->d_name) <= STDERR_FILENO)
			what[0] = '\0';         /* what is written moves them */
		if (strstr(what, "mnt_id") != NULL)
			*strstr(what, "mnt_id") = '\0';    /* "pos: N, flags: N" stay */
		for (char *c = what; *c != '\0'; c++)
			if (*c == '\n')
				*c = ' ';
		have += (size_t)snprintf(text + have, size - have, "%s\n", what);
		CHECK(have < size);
	}
	closedir(dir);
	return text;
}

/* Prints the lines of one text that the other has not. */
static inline void print_lines_missing_in(const char *other, const char *text, char sign)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");
		const char *at = other;
		while (*at != '\0' && (strcspn(at, "\n") != length || memcmp(at, text, length) != 0)) {
			at += strcspn(at, "\n");
			at += *at == '\n';
		}
		if (*at == '\0')
			fprintf(stderr, "%c %.*s\n", sign, (int)length, text);
		text += length;
		text += *text == '\n';
	}
}

static inline void check_same_text(const char *what, const char *before, const char *after)
{
	if (strcmp(before, after) == 0)
		return;
	fprintf(stderr, "%s, what went (-) and what came (+):\n", what);
	print_lines_missing_in(after, before, '-');
	print_lines_missing_in(before, after, '+');
	check_failed(__FILE__, __LINE__, "nothing may have changed");
}

/*
 * Waits until another thread of this process sleeps; it set *begun right
 * before its call, so that what it sleeps in is the call.
 */
static inline void await_asleep_in_call(pid_t tid, const volatile int *begun)
{
	AWAIT(*begun && (task_state(tid) == 'S' || task_state(tid) == 'D'));
}

/* A caller, in a process group of its own, waits inside its call: Ctrl-Z stops it. */
static inline void stop_in_call(pid_t caller, const volatile int *begun)
{
	await_asleep_in_call(caller, begun);
	CHECK(kill(caller, SIGTSTP) == 0);
	await_state(caller, 'T');
}

static inline pthread_t thread_start(void *(*body)(void *), void *argument)
{
	pthread_t t;
	CHECK(pthread_create(&t, NULL, body, argument) == 0);
	return t;
}

static inline void *thread_end(pthread_t t)
{
	void *result;
	CHECK(pthread_join(t, &result) == 0);
	return result;
}

/* A memfd of one page that begins with this byte. */
static inline int marked_memfd(unsigned char mark)
{
	int fd = memfd_create("marked", MFD_CLOEXEC);
	CHECK(fd != -1);
	CHECK(ftruncate(fd, (off_t)check_page()) == 0);
	CHECK(pwrite(fd, &mark, 1, 0) == 1);
	return fd;
}

/*
 * An obedient peer that anyone may trace: under Yama's scope 1 siblings could
 * not, and the caller's own helper process is no ancestor of the target either.
 */
static inline int consenting_body(int channel)
{
	CHECK(mman_peer_allow(-1) == 0);
	return obedient_body(channel);
}

static inline struct peer consenting_peer(void)
{
	struct peer p = peer_start(consenting_body);
	(void)peer_mapped(&p, NULL);    /* once it answers, it has consented */
	return p;
}

/* A body for pause(), which returns -1 after each signal. */
static inline int sleep_for_ever(void)
{
	while (pause() == -1)
		;
	return 0;
}

/* A debugger: a process that traces the target and does nothing else. */
static pid_t debugger_of;
static inline int debugger_body(int channel)
{
	CHECK(ptrace(PTRACE_SEIZE, debugger_of, 0, 0) == 0);
	tell_word(channel, 1);
	return sleep_for_ever();
}

static inline struct peer debugger_start(pid_t target)
{
	struct peer p;
	debugger_of = target;
	p = peer_start(debugger_body);
	CHECK(hear_word(p.channel) == 1);
	return p;
}

/*
 * A target that no tracer can stop: its only thread waits for a vfork child
 * (kernel/fork.c, wait_for_vfork_done: killable, nothing else). It goes on when
 * vfork_release is called, and is obedient then.
 */
static volatile pid_t *vfork_child;
static inline int vfork_body(int channel)
{
	CHECK(mman_peer_allow(-1) == 0);
	/* -Wclobbered has nothing to fear: the child changes no local. */
	pid_t child = vfork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		*vfork_child = (pid_t)syscall(SYS_getpid);
		for (;;)
			pause();
	}
	waitpid(child, NULL, 0);
	return obedient_body(channel);
}

static inline struct peer vfork_peer(void)
{
	struct peer p;
	vfork_child = mmap(NULL, check_page(), READ_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	CHECK(vfork_child != MAP_FAILED);
	p = peer_start(vfork_body);
	AWAIT(*vfork_child != 0);
	await_state(p.pid, 'D');
	return p;
}

static inline void vfork_release(void) { CHECK(kill(*vfork_child, SIGKILL) == 0); }

#endif
