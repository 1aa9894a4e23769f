/*
 * check.h: what every C test uses.
 *
 * A test is one program about one behaviour; its file name is the sentence.
 * It exits with 0 (passed), 77 (skipped: the reason is its last line, begun
 * with "skip: ") or anything else (failed: CHECK has said where and why).
 *
 * Markers in a test's first comment, read by run.sh:
 *   runs-as: root        only as root (default: as root and as an ordinary user)
 *   runs-as: user        only as an ordinary user
 *   time-limit: SECONDS  (default 20)
 *   runs-alone           nothing else runs meanwhile: it measures time, or
 *                        changes a setting of the whole machine
 *   helper               no test of its own: a program that tests start
 *   links: static        against libmman_peer.a instead of the shared library
 */
#ifndef CHECK_H
#define CHECK_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman_peer.h>
#include <mman_peer.h>

/* A length that nobody has room for, in whole pages. */
#define TOO_LONG (SIZE_MAX - SIZE_MAX / 16)

/* What recv() of the C library calls. */
#if defined(__i386__)
#define CALL_OF_RECV SYS_socketcall
#else
#define CALL_OF_RECV SYS_recvfrom
#endif
/* What pause() calls: younger processors have no call of that name. */
#if defined(SYS_pause)
#define CALL_PAUSE SYS_pause
#else
#define CALL_PAUSE SYS_ppoll
#endif

#define CHECK(cond) \
	do { if (!(cond)) check_failed(__FILE__, __LINE__, #cond); } while (0)

/* The call must fail with this errno, and must say why. */
#define CHECK_FAILS(call, failure, want) \
	do { \
		int check_errno_; \
		errno = 0; \
		if ((call) != (failure)) \
			check_failed(__FILE__, __LINE__, #call " must fail"); \
		check_errno_ = errno; \
		if (check_errno_ != (want)) { \
			fprintf(stderr, "errno is %d (%s), not %s: %s\n", check_errno_, \
				strerror(check_errno_), #want, mman_peer_explain()); \
			check_failed(__FILE__, __LINE__, #call); \
		} \
		if (mman_peer_explain() == NULL || mman_peer_explain()[0] == '\0') \
			check_failed(__FILE__, __LINE__, #call " must explain itself"); \
	} while (0)
#define CHECK_MAP_FAILS(call, want)   CHECK_FAILS(call, MAP_FAILED, want)
#define CHECK_UNMAP_FAILS(call, want) CHECK_FAILS(call, -1, want)

/* The call must succeed and leave errno alone. */
#define CHECK_MAPS(var, call) \
	do { \
		errno = 4242; \
		(var) = (call); \
		if ((void *)(var) == MAP_FAILED) { \
			fprintf(stderr, "errno %d (%s): %s\n", errno, strerror(errno), mman_peer_explain()); \
			check_failed(__FILE__, __LINE__, #call); \
		} \
		CHECK(errno == 4242); \
	} while (0)
#define CHECK_OK(call) \
	do { \
		errno = 4242; \
		if ((call) != 0) { \
			fprintf(stderr, "errno %d (%s): %s\n", errno, strerror(errno), mman_peer_explain()); \
			check_failed(__FILE__, __LINE__, #call); \
		} \
		CHECK(errno == 4242); \
	} while (0)

static inline void check_failed(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: failed: %s (process %d)\n", file, line, what, (int)getpid());
	fflush(stderr);
	_exit(1);
}

__attribute__((format(printf, 1, 2), noreturn))
static inline void check_skip(const char *why, ...)
{
	va_list ap;
	va_start(ap, why);
	printf("skip: ");
	vprintf(why, ap);
	printf("\n");
	va_end(ap);
	fflush(stdout);
	_exit(77);
}

static inline size_t check_page(void) { return (size_t)sysconf(_SC_PAGESIZE); }

/* The size of a page, which on aarch64 may be of 16 or 64 KiB as well. */
#define PAGE ((int)check_page())

/*
 * How many times slower than real hardware this machine is: C_TEST_SLOWNESS,
 * which the lab sets for its emulated ones. The tests' seconds are that much
 * longer. Of what only gains by repetition check_rounds() lets one in
 * C_TEST_ROUNDS be done.
 */
static inline int check_factor(const char *name)
{
	const char *set = getenv(name);
	return set != NULL && atoi(set) > 0 ? atoi(set) : 1;
}

static inline int check_slowness(void)
{
	static int slowness;
	if (slowness == 0)
		slowness = check_factor("C_TEST_SLOWNESS");
	return slowness;
}

static inline int check_rounds(int rounds)
{
	static int one_in;
	if (one_in == 0)
		one_in = check_factor("C_TEST_ROUNDS");
	return (rounds + one_in - 1) / one_in;
}

/* Of a few rounds, each of which means something: a quarter of them on a slow machine. */
static inline int check_fewer(int rounds) { return check_slowness() > 1 ? (rounds + 3) / 4 : rounds; }

/* Of what is done again and again for so many seconds: as many of the clock's on a slow machine, too. */
static inline double check_span(double seconds) { return seconds / check_slowness(); }

static inline double check_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return ((double)t.tv_sec + (double)t.tv_nsec / 1e9) / check_slowness();
}

/* Waits for a condition that another process or thread brings about; ten seconds are a failure. */
#define AWAIT(cond) \
	do { \
		double give_up_ = check_now() + 10; \
		useconds_t pause_ = 50; \
		while (!(cond)) { \
			if (check_now() > give_up_) \
				check_failed(__FILE__, __LINE__, "in vain, waiting for " #cond); \
			usleep(pause_); \
			pause_ = pause_ < 1000 ? 2 * pause_ : 2000; \
		} \
	} while (0)

/* Yama's ptrace_scope (Documentation/admin-guide/LSM/Yama.rst); -1 without Yama. */
static inline int yama_scope(void)
{
	int scope = -1;
	FILE *f = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	if (f != NULL) {
		CHECK(fscanf(f, "%d", &scope) == 1);
		fclose(f);
	}
	return scope;
}

/*
 * A peer: a forked child that runs body(channel) and then exits with its
 * return value. The channel is one end of a socketpair; the test has the other.
 * A peer dies with the test.
 */
struct peer {
	pid_t pid;
	int channel;
};

static inline struct peer peer_start(int (*body)(int channel))
{
	struct peer p;
	int ends[2];
	pid_t parent = getpid();
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	fflush(NULL);
	p.pid = fork();
	CHECK(p.pid != -1);
	if (p.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		close(ends[0]);
		_exit(body(ends[1]));
	}
	close(ends[1]);
	p.channel = ends[0];
	return p;
}

static inline void tell(int channel, const void *what, size_t size)
{
	ssize_t n;
	do n = send(channel, what, size, MSG_NOSIGNAL); while (n == -1 && errno == EINTR);
	CHECK(n == (ssize_t)size);
}

static inline void hear(int channel, void *what, size_t size)
{
	ssize_t n;
	do n = recv(channel, what, size, 0); while (n == -1 && errno == EINTR);
	CHECK(n == (ssize_t)size);
}

static inline void tell_word(int channel, uintptr_t word) { tell(channel, &word, sizeof word); }
static inline uintptr_t hear_word(int channel) { uintptr_t w; hear(channel, &w, sizeof w); return w; }

/* The peer's exit status; its death by a signal is a failure of the test. */
static inline int peer_status(struct peer *p)
{
	int status;
	pid_t got;
	do got = waitpid(p->pid, &status, 0); while (got == -1 && errno == EINTR);
	CHECK(got == p->pid);
	if (WIFSIGNALED(status)) {
		fprintf(stderr, "the peer was killed by signal %d (%s)\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
		check_failed(__FILE__, __LINE__, "the peer must live");
	}
	return WEXITSTATUS(status);
}

static inline void peer_kill(struct peer *p)
{
	int status;
	kill(p->pid, SIGKILL);
	while (waitpid(p->pid, &status, 0) == -1 && errno == EINTR)
		;
	close(p->channel);
}

/*
 * A peer that does as told: it reads or writes its own memory, and survives
 * touching what is not mapped. For tests that only need a body to look inside.
 */
enum { BODY_READ = 1, BODY_WRITE, BODY_MAPPED, BODY_EXIT };
struct body_request { uintptr_t op, addr, value; };

static inline int body_is_mapped(uintptr_t addr)
{
	unsigned char v;
	uintptr_t page = addr & ~((uintptr_t)check_page() - 1);
	return mincore((void *)page, check_page(), &v) == 0;
}

static inline int obedient_body(int channel)
{
	struct body_request r;
	for (;;) {
		uintptr_t answer = 0;
		hear(channel, &r, sizeof r);
		switch (r.op) {
		case BODY_READ:   answer = *(volatile unsigned char *)r.addr; break;
		case BODY_WRITE:  *(volatile unsigned char *)r.addr = (unsigned char)r.value; break;
		case BODY_MAPPED: answer = (uintptr_t)body_is_mapped(r.addr); break;
		case BODY_EXIT:   return (int)r.value;
		}
		tell_word(channel, answer);
	}
}

/* That it says so within ten seconds. */
static inline void hears_soon(struct peer *from)
{
	struct pollfd word = { .fd = from->channel, .events = POLLIN };
	CHECK(poll(&word, 1, 10000 * check_slowness()) == 1);
	CHECK(hear_word(from->channel) == 1);
}

static inline uintptr_t body_ask(struct peer *p, uintptr_t op, const volatile void *addr, uintptr_t value)
{
	struct body_request r = { op, (uintptr_t)addr, value };
	tell(p->channel, &r, sizeof r);
	return hear_word(p->channel);
}
#define peer_read(p, a)     ((unsigned char)body_ask((p), BODY_READ, (a), 0))
#define peer_write(p, a, v) ((void)body_ask((p), BODY_WRITE, (a), (uintptr_t)(v)))
#define peer_mapped(p, a)   ((int)body_ask((p), BODY_MAPPED, (a), 0))

static inline void peer_dismiss(struct peer *p)
{
	struct body_request r = { BODY_EXIT, 0, 0 };
	tell(p->channel, &r, sizeof r);
	CHECK(peer_status(p) == 0);
	close(p->channel);
}

/* The state letter of a process or thread, from /proc/TID/stat; 0 if it is gone. */
static inline char task_state(pid_t tid)
{
	char path[64], text[512], *after;
	int fd;
	ssize_t n;
	snprintf(path, sizeof path, "/proc/%d/stat", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return 0;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	after = strrchr(text, ')');
	return after ? after[2] : 0;
}

/* Waits until the thread is in that state: a poll for a condition, no guess at a time. */
static inline void await_state(pid_t tid, char want)
{
	double give_up = check_now() + 10;
	while (task_state(tid) != want) {
		CHECK(check_now() < give_up);
		usleep(200);
	}
}

/*
 * The text of /proc/PID/maps for comparison, changed in place. What the library
 * does with pages of its own static memory is not the business of a test that
 * compares, so they count as anonymous; and it is the kernel's affair into how
 * many lines adjacent anonymous memory is cut.
 */
static inline void settle_maps(char *text)
{
	char *in = text, *out = text;
	uintptr_t last_end = 0;
	char *last_line = NULL, last_perms[5] = "";
	while (*in) {
		char *end = strchr(in, '\n'), line[600], perms[5] = "", path[300] = "";
		unsigned long long from, to, inode = 1;
		size_t size = end ? (size_t)(end + 1 - in) : strlen(in);
		if (size >= sizeof line)
			return;
		memcpy(line, in, size);
		line[size] = '\0';
		in += size;
		if (sscanf(line, "%llx-%llx %4s %*s %*s %llu %299[^\n]", &from, &to, perms, &inode, path) >= 4) {
			if (strncmp(path, "/memfd:mman_peer ", 17) == 0) {
				strcpy(perms, "rw-p");
				path[0] = '\0';
				inode = 0;
			}
			if (inode == 0 && path[0] == '\0') {
				if (last_line && last_end == from && strcmp(perms, last_perms) == 0) {
					from = strtoull(last_line, NULL, 16);
					out = last_line;
				}
				last_line = out;
				last_end = (uintptr_t)to;
				strcpy(last_perms, perms);
				/* Never longer than what it replaces. */
				size = (size_t)snprintf(line, sizeof line, "%llx-%llx %s anonymous\n", from, to, perms);
			} else {
				last_line = NULL;
			}
		}
		memcpy(out, line, size);
		out += size;
	}
	*out = '\0';
}

/* The number of the system call the thread sleeps in; -1 running or unknown. */
static inline long task_syscall(pid_t tid)
{
	char path[64], text[256];
	int fd;
	ssize_t n;
	snprintf(path, sizeof path, "/proc/%d/syscall", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0 || text[0] < '0' || text[0] > '9')
		return -1;
	text[n] = '\0';
	return strtol(text, NULL, 10);
}

static inline void await_syscall(pid_t tid, long want)
{
	double give_up = check_now() + 10;
	while (task_syscall(tid) != want || task_state(tid) != 'S') {
		CHECK(check_now() < give_up);
		usleep(200);
	}
}

#endif
