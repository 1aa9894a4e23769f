/*
 * target.h: one test body for both kinds of target, another process and the
 * caller itself; what a process's memory looks like from outside; and the proof
 * that a failed call left both processes as they were.
 *
 *	static void test(struct target *t)
 *	{
 *		unsigned char *a;
 *		CHECK_MAPS(a, mmap_peer(t->pid, NULL, 5000, PROT_READ | PROT_WRITE, MAP_SHARED, NOFD, 0));
 *		CHECK_RANGE(t, a, 8192, "rw-s");
 *		target_write(t, a, 7);
 *		CHECK_OK(munmap_peer(t->pid, a, 5000));
 *		CHECK_RANGE_FREE(t, a, 8192);
 *		MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, 0, PROT_READ, MAP_SHARED, NOFD, 0), EINVAL);
 *	}
 *	int main(void) { own_and_peer(NULL, test); return 0; }
 */
#ifndef TARGET_H
#define TARGET_H
#include "check.h"
#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>

struct target {
	pid_t pid;
	int own;		/* the caller is its own target */
	struct peer peer;	/* otherwise */
};

static inline unsigned char target_read(struct target *t, const volatile void *a)
{
	return t->own ? *(const volatile unsigned char *)a : peer_read(&t->peer, a);
}

static inline void target_write(struct target *t, volatile void *a, unsigned char value)
{
	if (t->own)
		*(volatile unsigned char *)a = value;
	else
		peer_write(&t->peer, a, value);
}

static inline int target_mapped(struct target *t, const volatile void *a)
{
	return t->own ? body_is_mapped((uintptr_t)a) : peer_mapped(&t->peer, a);
}

/* A peer that runs prepare() in itself (if not NULL) before it obeys. */
static void (*target_prepare)(void);

static inline int target_body(int channel)
{
	if (target_prepare)
		target_prepare();
	tell_word(channel, 1);
	return obedient_body(channel);
}

static inline struct target target_start(void (*prepare)(void))
{
	struct target t = { 0 };
	target_prepare = prepare;
	t.peer = peer_start(target_body);
	t.pid = t.peer.pid;
	CHECK(hear_word(t.peer.channel) == 1);
	return t;
}

/*
 * The first calls may set up what the library keeps for later ones, and grow
 * the caller's stack: not the business of a test that compares.
 */
static inline void target_warm_up(struct target *t)
{
	for (int i = 0; i < check_rounds(40); i++) {
		void *a = mmap_peer(t->pid, NULL, 1, PROT_NONE, MAP_PRIVATE, NOFD, 0);
		if (a != MAP_FAILED)
			munmap_peer(t->pid, a, 1);
	}
}

static inline void on_peer(void (*prepare)(void), void (*test)(struct target *))
{
	struct target t = target_start(prepare);
	target_warm_up(&t);
	test(&t);
	peer_dismiss(&t.peer);
}

/* Runs body in a child: what it does to itself, limits say, ends with it. */
static inline void in_child(void (*body)(void))
{
	int status;
	pid_t parent = getpid(), pid;
	fflush(NULL);
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		body();
		fflush(NULL);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		fprintf(stderr, "the child was killed by signal %d\n", WTERMSIG(status));
	if (status != 0)
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static void (*own_test)(struct target *);

static inline void own_body(void)
{
	struct target t = { 0 };
	t.pid = getpid();
	t.own = 1;
	if (target_prepare)
		target_prepare();
	target_warm_up(&t);
	own_test(&t);
}

static inline void on_own(void (*prepare)(void), void (*test)(struct target *))
{
	target_prepare = prepare;
	own_test = test;
	in_child(own_body);
}

static inline void own_and_peer(void (*prepare)(void), void (*test)(struct target *))
{
	on_peer(prepare, test);
	on_own(prepare, test);
}

/* One line of /proc/PID/maps. */
struct map_line {
	uintptr_t start, end;
	char perms[5];
	unsigned long long offset;
	unsigned long inode;
	char path[256];
};

static inline FILE *open_of(pid_t pid, const char *what)
{
	char path[64];
	FILE *f;
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, what);
	f = fopen(path, "re");
	CHECK(f != NULL);
	return f;
}

static inline int next_map(FILE *f, struct map_line *m)
{
	char line[512];
	if (fgets(line, sizeof line, f) == NULL)
		return 0;
	m->path[0] = '\0';
	CHECK(sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %llx %*s %lu %255[^\n]",
		     &m->start, &m->end, m->perms, &m->offset, &m->inode, m->path) >= 5);
	return 1;
}

/* The mapping that holds the address; 0: none. */
static inline int map_at(pid_t pid, const volatile void *a, struct map_line *m)
{
	FILE *f = open_of(pid, "maps");
	int found = 0;
	while (!found && next_map(f, m))
		found = (uintptr_t)a >= m->start && (uintptr_t)a < m->end;
	fclose(f);
	return found;
}

static inline uintptr_t page_below(const volatile void *a)
{
	return (uintptr_t)a & ~((uintptr_t)check_page() - 1);
}

/* Bytes of the pages of [a, a + len) that mappings with these permissions hold; NULL: any. */
static inline size_t range_held(pid_t pid, const volatile void *a, size_t len, const char *perms)
{
	uintptr_t from = page_below(a), to = page_below((const char *)a + len + check_page() - 1);
	size_t held = 0;
	struct map_line m;
	FILE *f = open_of(pid, "maps");
	while (next_map(f, &m)) {
		uintptr_t low = m.start > from ? m.start : from, high = m.end < to ? m.end : to;
		if (low < high && (perms == NULL || strcmp(perms, m.perms) == 0))
			held += high - low;
	}
	fclose(f);
	return held;
}

/* The first address behind user space, a power of two or a few pages less; NULL if it is nowhere to be seen. */
static inline char *user_space_end(void)
{
	int bits = sizeof(void *) == 8 ? 47 : 32;
	for (; bits < 64; bits++) {
		char *end = (char *)(uintptr_t)((uint64_t)1 << bits);
		if (end != NULL && munmap(end, check_page()) != -1)
			continue;
		while (munmap(end - check_page(), check_page()) == -1)
			end -= check_page();
		return end;
	}
	return NULL;
}

static inline size_t pages_of(const volatile void *a, size_t len)
{
	return page_below((const char *)a + len + check_page() - 1) - page_below(a);
}

#define CHECK_RANGE(t, a, len, perms) \
	CHECK(range_held((t)->pid, (a), (len), (perms)) == pages_of((a), (len)))
#define CHECK_RANGE_FREE(t, a, len) \
	CHECK(range_held((t)->pid, (a), (len), NULL) == 0)

/* A value of /proc/PID/status, in kB or as it stands. */
static inline long long status_value(pid_t pid, const char *key)
{
	char line[256];
	long long value = -1;
	FILE *f = open_of(pid, "status");
	while (fgets(line, sizeof line, f))
		if (strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ':')
			value = strtoll(line + strlen(key) + 1, NULL, 10);
	fclose(f);
	CHECK(value != -1);
	return value;
}

/* Does the mapping that holds the address have this flag in smaps (proc_pid_smaps(5))? */
static inline int has_vm_flag(pid_t pid, const volatile void *a, const char *flag)
{
	char line[512], word[8];
	uintptr_t start, end;
	int inside = 0, found = 0;
	FILE *f = open_of(pid, "smaps");
	snprintf(word, sizeof word, " %s ", flag);
	while (fgets(line, sizeof line, f)) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &start, &end) == 2)
			inside = (uintptr_t)a >= start && (uintptr_t)a < end;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			found = strstr(line, word) != NULL;
	}
	fclose(f);
	return found;
}

/* How many pages of [a, a + len) have memory behind them (bit 63 of pagemap). */
static inline size_t pages_present(pid_t pid, const volatile void *a, size_t len)
{
	size_t n = 0, page = check_page(), i;
	uint64_t entry;
	FILE *f = open_of(pid, "pagemap");
	for (i = 0; i < len; i += page) {
		CHECK(pread(fileno(f), &entry, sizeof entry,
			    (off_t)(((uintptr_t)a + i) / page * sizeof entry)) == sizeof entry);
		n += entry >> 63;
	}
	fclose(f);
	return n;
}

/* A range that is free in the target now. */
static inline unsigned char *free_range(struct target *t, size_t len)
{
	unsigned char *a;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, len, PROT_NONE, MAP_PRIVATE, NOFD, 0));
	CHECK_OK(munmap_peer(t->pid, a, len));
	CHECK_RANGE_FREE(t, a, len);
	return a;
}

/*
 * What a process is seen to have: its mappings and descriptors. Taken without
 * the heap and without a new mapping, for the caller looks at itself, too. A
 * process that may not be looked at counts as unchanged.
 */
struct snapshot {
	uint64_t maps_hash;	/* of all; the text holds what fits */
	size_t maps_size, fds_size;
	char maps[1 << 16], fds[1 << 14];
};

static inline void snapshot_maps(struct snapshot *s, pid_t pid)
{
	char path[64], part[4096];
	ssize_t n, i;
	int fd;
	s->maps_size = 0;
	s->maps_hash = 14695981039346656037u;
	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return;
	while ((n = read(fd, part, sizeof part)) > 0) {
		for (i = 0; i < n; i++) {
			s->maps_hash = (s->maps_hash ^ (unsigned char)part[i]) * 1099511628211u;
			if (s->maps_size + 1 < sizeof s->maps)
				s->maps[s->maps_size++] = part[i];
		}
	}
	s->maps[s->maps_size] = '\0';
	close(fd);
}

static inline void snapshot_fds(struct snapshot *s, pid_t pid)
{
	struct entry { uint64_t inode; int64_t offset; unsigned short size; unsigned char type; char name[]; };
	char path[64], part[4096], link[256];
	ssize_t n, at, m;
	int dir;
	s->fds_size = 0;
	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		return;
	while ((n = syscall(SYS_getdents64, dir, part, sizeof part)) > 0) {
		for (at = 0; at < n; at += ((struct entry *)(void *)(part + at))->size) {
			struct entry *e = (void *)(part + at);
			if (e->name[0] == '.' || (pid == getpid() && atoi(e->name) == dir))
				continue;
			m = readlinkat(dir, e->name, link, sizeof link);
			s->fds_size += (size_t)snprintf(s->fds + s->fds_size, sizeof s->fds - s->fds_size,
							"%s -> %.*s\n", e->name, (int)(m > 0 ? m : 0), link);
			CHECK(s->fds_size < sizeof s->fds);
		}
	}
	close(dir);
}

static inline void snapshot_take(struct snapshot *s, pid_t pid)
{
	snapshot_maps(s, pid);
	snapshot_fds(s, pid);
}

static inline void snapshot_compare(const struct snapshot *was, const struct snapshot *is,
				    const char *whose, const char *file, int line, const char *call)
{
	if (was->maps_hash != is->maps_hash) {
		fprintf(stderr, "mappings of the %s before:\n%.*safter:\n%.*s", whose,
			(int)was->maps_size, was->maps, (int)is->maps_size, is->maps);
		check_failed(file, line, call);
	}
	if (was->fds_size != is->fds_size || memcmp(was->fds, is->fds, is->fds_size) != 0) {
		fprintf(stderr, "descriptors of the %s before:\n%.*safter:\n%.*s", whose,
			(int)was->fds_size, was->fds, (int)is->fds_size, is->fds);
		check_failed(file, line, call);
	}
}

/* Around a call: [0] the caller before and after, [1] the target. */
static struct snapshot snapshots_before[2], snapshots_after[2];

#define CHANGES_NOTHING(target_pid, statement) \
	do { \
		pid_t cn_pid_ = (target_pid); \
		snapshot_take(&snapshots_before[0], getpid()); \
		snapshot_take(&snapshots_before[1], cn_pid_); \
		statement; \
		snapshot_take(&snapshots_after[0], getpid()); \
		snapshot_take(&snapshots_after[1], cn_pid_); \
		snapshot_compare(&snapshots_before[0], &snapshots_after[0], "caller", __FILE__, __LINE__, #statement); \
		snapshot_compare(&snapshots_before[1], &snapshots_after[1], "target", __FILE__, __LINE__, #statement); \
	} while (0)

#define MAP_FAILS_CLEANLY(t, call, want)   CHANGES_NOTHING((t)->pid, CHECK_MAP_FAILS(call, want))
#define UNMAP_FAILS_CLEANLY(t, call, want) CHANGES_NOTHING((t)->pid, CHECK_UNMAP_FAILS(call, want))

/* A row of a table of calls that must all fail, each with its errno. */
struct bad_call {
	const char *what;
	void *addr;
	size_t len;
	int prot, flags, fd;
	int64_t off;
	int want;
};

static inline void check_bad_call(struct target *t, const struct bad_call *c)
{
	void *got;
	int failure;
	snapshot_take(&snapshots_before[0], getpid());
	snapshot_take(&snapshots_before[1], t->pid);
	errno = 0;
	got = mmap64_peer(t->pid, c->addr, c->len, c->prot, c->flags, c->fd, c->off);
	failure = errno;
	snapshot_take(&snapshots_after[0], getpid());
	snapshot_take(&snapshots_after[1], t->pid);
	if (got != MAP_FAILED || failure != c->want || mman_peer_explain()[0] == '\0') {
		fprintf(stderr, "%s (%s): want errno %d (%s), got %p, errno %d (%s): %s\n", c->what,
			t->own ? "own pid" : "peer", c->want, strerror(c->want), got,
			failure, strerror(failure), mman_peer_explain());
		check_failed(__FILE__, __LINE__, c->what);
	}
	snapshot_compare(&snapshots_before[0], &snapshots_after[0], "caller", __FILE__, __LINE__, c->what);
	snapshot_compare(&snapshots_before[1], &snapshots_after[1], "target", __FILE__, __LINE__, c->what);
}

#define CHECK_BAD_CALLS(t, table) \
	do { \
		size_t bc_i_; \
		for (bc_i_ = 0; bc_i_ < sizeof(table) / sizeof *(table); bc_i_++) \
			check_bad_call((t), &(table)[bc_i_]); \
	} while (0)

/* Objects to map: n pages; the first byte of page i is i + 1. */
static inline int number_pages(int fd, size_t n)
{
	size_t i;
	CHECK(fd != -1);
	CHECK(ftruncate(fd, (off_t)(n * check_page())) == 0);
	for (i = 0; i < n; i++) {
		unsigned char number = (unsigned char)(i + 1);
		CHECK(pwrite(fd, &number, 1, (off_t)(i * check_page())) == 1);
	}
	return fd;
}

static inline int memfd_of(size_t pages)
{
	return number_pages(memfd_create("object", MFD_CLOEXEC), pages);
}

/* A regular file of that name in the test's own directory. */
static inline int file_of(const char *name, size_t pages)
{
	return number_pages(open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), pages);
}

/* The byte at that place of the object. */
static inline unsigned char object_byte(int fd, off_t at)
{
	unsigned char c;
	CHECK(pread(fd, &c, 1, at) == 1);
	return c;
}

/* A descriptor number that is open nowhere in this process, below any usual limit. */
#define CLOSED_FD 987

/* Takes one capability away for good, so that root meets the limit, too. */
static inline void drop_capability(int cap)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	CHECK(syscall(SYS_capget, &header, data) == 0);
	data[cap / 32].effective &= ~(1u << (cap % 32));
	data[cap / 32].permitted &= ~(1u << (cap % 32));
	CHECK(syscall(SYS_capset, &header, data) == 0);
}

/* This process goes on as an ordinary user without capabilities. */
static inline void become_user(uid_t uid)
{
	CHECK(setgroups(0, NULL) == 0);
	CHECK(setresgid(uid, uid, uid) == 0);
	CHECK(setresuid(uid, uid, uid) == 0);
	/* setresuid() made it a process that others may not look at. */
	CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

#endif
