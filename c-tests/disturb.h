/*
 * disturb.h: what is done to a target, and how one sees that it left no trace.
 *
 * disturb() is one map+unmap pair. A storm is a thread of the test that does
 * pairs until told to stop. A portrait is what /proc says of a process: taken
 * before and after, the two must be equal.
 */
#ifndef DISTURB_H
#define DISTURB_H
#include "check.h"
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/uio.h>

/* Sleeps until that moment of check_now()'s clock. */
static inline void sleep_until(double moment)
{
	moment *= check_slowness();
	struct timespec t = { (time_t)moment, (long)((moment - (double)(time_t)moment) * 1e9) };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* Memory that a test shares with its targets; zeroed. */
static inline void *shared_memory(size_t size)
{
	void *m = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(m != MAP_FAILED);
	return m;
}

/*
 * The mapping is really there, and empty. Through a first thread that has ended
 * nobody can look (ESRCH); there the target looks itself.
 */
static inline void check_mapped(pid_t pid, void *m)
{
	char byte = 1;
	struct iovec ours = { &byte, 1 }, theirs = { m, 1 };
	ssize_t n = process_vm_readv(pid, &ours, 1, &theirs, 1, 0);
	CHECK((n == 1 && byte == 0) || (n == -1 && errno == ESRCH));
}

static inline void *map_in(pid_t pid)
{
	void *m;
	CHECK_MAPS(m, mmap_peer(pid, NULL, 2 * check_page(), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANON, NOFD, 0));
	check_mapped(pid, m);
	return m;
}

static inline void unmap_in(pid_t pid, void *m)
{
	CHECK_OK(munmap_peer(pid, m, 2 * check_page()));
}

static inline void disturb(pid_t pid)
{
	unmap_in(pid, map_in(pid));
}

/* An object that can be mapped, with something in it. */
static inline int an_object(void)
{
	int fd = memfd_create("object", MFD_CLOEXEC);
	CHECK(fd != -1 && ftruncate(fd, (off_t)(2 * check_page())) == 0);
	CHECK(pwrite(fd, "object", 6, (off_t)check_page()) == 6);
	return fd;
}

/* A pair of a shared object: its descriptor goes to the target and back, in many more steps. */
static inline void disturb_by_file(pid_t pid, int fd)
{
	char text[6] = "";
	struct iovec ours = { text, 6 }, theirs = { NULL, 6 };
	ssize_t n;
	void *m;
	CHECK_MAPS(m, mmap_peer(pid, NULL, check_page(), PROT_READ, MAP_SHARED, fd, (off_t)check_page()));
	theirs.iov_base = m;
	n = process_vm_readv(pid, &ours, 1, &theirs, 1, 0);
	CHECK((n == 6 && memcmp(text, "object", 6) == 0) || (n == -1 && errno == ESRCH));
	CHECK_OK(munmap_peer(pid, m, check_page()));
}

static inline void disturb_times(pid_t pid, int pairs)
{
	for (pairs = check_rounds(pairs); pairs > 0; pairs--)
		disturb(pid);
}

/* Pairs, one after the other, from a thread of the test; every other one of an object, if there is one. */
struct storm {
	pid_t pid;
	int object;
	pthread_t thread;
	atomic_int stop;
	atomic_int pairs;
};

static inline void *storm_body(void *arg)
{
	struct storm *s = arg;
	while (!s->stop) {
		if (s->object != NOFD && s->pairs % 2)
			disturb_by_file(s->pid, s->object);
		else
			disturb(s->pid);
		s->pairs++;
	}
	return NULL;
}

static inline void storm_begin(struct storm *s, pid_t pid, int object)
{
	s->pid = pid;
	s->object = object;
	s->stop = 0;
	s->pairs = 0;
	CHECK(pthread_create(&s->thread, NULL, storm_body, s) == 0);
}

/* The number of pairs that there were. */
static inline int storm_end(struct storm *s)
{
	s->stop = 1;
	CHECK(pthread_join(s->thread, NULL) == 0);
	return s->pairs;
}

/*
 * The test again, from its start, with a variable in its environment: for
 * settings that the library may read once.
 */
static inline void with_environment(char **argv, const char *name, const char *value)
{
	const char *have = getenv(name);
	char longer[16];
	if (strcmp(name, "MMAN_PEER_TIMEOUT_MS") == 0) {
		snprintf(longer, sizeof longer, "%d", atoi(value) * check_slowness());
		value = longer;
	}
	if (have && strcmp(have, value) == 0)
		return;
	CHECK(setenv(name, value, 1) == 0);
	execv("/proc/self/exe", argv);
	CHECK(!"execv");
}

static inline size_t slurp(const char *path, char *text, size_t size)
{
	size_t got = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd != -1);
	while ((n = read(fd, text + got, size - 1 - got)) > 0)
		got += (size_t)n;
	CHECK(got < size - 1);
	close(fd);
	text[got] = '\0';
	return got;
}

/* What stands behind "KEY:" in /proc/TID/status, as a number. */
static inline long task_status(pid_t tid, const char *key, int base)
{
	char path[64], text[8192], *at;
	snprintf(path, sizeof path, "/proc/%d/status", (int)tid);
	slurp(path, text, sizeof text);
	at = strstr(text, key);
	CHECK(at != NULL);
	return strtol(at + strlen(key), NULL, base);
}

static inline long tracer_of(pid_t tid) { return task_status(tid, "TracerPid:", 10); }

/* What /proc says of a process. */
struct portrait {
	char maps[1 << 17];
	char status[8192];
	char limits[4096];
	char auxv[2048];
	size_t auxv_size;
	char fds[16384];
	char job[64];
};

/* Lines of /proc/PID/status that time alone changes, or others: SigQ counts for the user. */
static inline int status_line_drifts(const char *line)
{
	static const char *const drifting[] = { "Vm", "Rss", "Hugetlb", "voluntary_ctxt",
		"nonvoluntary_ctxt", "State:", "SigQ:", "CoreDumping", "THP", "untag" };
	size_t i;
	for (i = 0; i < sizeof drifting / sizeof *drifting; i++)
		if (strncmp(line, drifting[i], strlen(drifting[i])) == 0)
			return 1;
	return 0;
}

static inline void portrait_fds(pid_t pid, char *text, size_t size)
{
	char path[64], link[320], to[256];
	size_t used = 0;
	struct dirent *e;
	DIR *d;
	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	d = opendir(path);
	CHECK(d != NULL);
	while ((e = readdir(d)) != NULL) {
		ssize_t n;
		snprintf(link, sizeof link, "%s/%s", path, e->d_name);
		n = readlink(link, to, sizeof to - 1);
		if (n < 0)
			continue;
		to[n] = '\0';
		used += (size_t)snprintf(text + used, size - used, "%s -> %s\n", e->d_name, to);
		CHECK(used < size);
	}
	closedir(d);
}

/* Of a target that stands still: all its threads sleep or are stopped. */
static inline void portrait_take(pid_t pid, struct portrait *p)
{
	char path[64], text[8192], *line, *rest, *after;
	memset(p, 0, sizeof *p);
	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	slurp(path, p->maps, sizeof p->maps);
	settle_maps(p->maps);
	snprintf(path, sizeof path, "/proc/%d/limits", (int)pid);
	slurp(path, p->limits, sizeof p->limits);
	snprintf(path, sizeof path, "/proc/%d/auxv", (int)pid);
	p->auxv_size = slurp(path, p->auxv, sizeof p->auxv);
	portrait_fds(pid, p->fds, sizeof p->fds);
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	slurp(path, text, sizeof text);
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (!status_line_drifts(line)) {
			strcat(p->status, line);
			strcat(p->status, "\n");
		}
	/* Parent, process group, session, terminal and its group. */
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	slurp(path, text, sizeof text);
	after = strrchr(text, ')');
	CHECK(after != NULL);
	{
		int parent, group, session, terminal, foreground;
		CHECK(sscanf(after + 4, "%d %d %d %d %d", &parent, &group, &session, &terminal, &foreground) == 5);
		snprintf(p->job, sizeof p->job, "%d %d %d %d %d", parent, group, session, terminal, foreground);
	}
}

static inline int portrait_part_same(const char *what, const char *before, const char *after)
{
	if (strcmp(before, after) == 0)
		return 1;
	fprintf(stderr, "%s before:\n%s\n%s after:\n%s\n", what, before, what, after);
	return 0;
}

static inline void portrait_same(const struct portrait *a, const struct portrait *b)
{
	CHECK(portrait_part_same("maps", a->maps, b->maps));
	CHECK(portrait_part_same("status", a->status, b->status));
	CHECK(portrait_part_same("limits", a->limits, b->limits));
	CHECK(portrait_part_same("descriptors", a->fds, b->fds));
	CHECK(portrait_part_same("job", a->job, b->job));
	CHECK(a->auxv_size == b->auxv_size && memcmp(a->auxv, b->auxv, a->auxv_size) == 0);
}

#endif
