/*
 * A thousand calls with arguments drawn by lot, on another process and, as plain
 * mmap() and munmap(), on a twin of it: the same results, the same errno
 * (but for those that QNX names otherwise), the same mappings afterwards.
 *
 * time-limit: 60
 */
#define _FILE_OFFSET_BITS 64
#include "target.h"
#include <sys/resource.h>

enum { ARENA = 48, CALLS = 1000 };

/* Objects that the twins and the caller have open under the same numbers. */
static int objects[5];
static const int twin_prot[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_WRITE, PROT_READ | PROT_EXEC };

struct call {
	int is_unmap, prot, flags, fd;
	uintptr_t addr;
	size_t len;
	int64_t off;
};
struct result { uintptr_t value; int failure; };

/* The twin: does what it hears with the C library's functions, and tells the result. */
static int twin(int channel)
{
	struct call c;
	struct result r;
	for (;;) {
		hear(channel, &c, sizeof c);
		if (c.len == 0 && c.is_unmap)
			return 0;
		errno = 0;
		r.value = c.is_unmap ? (uintptr_t)munmap((void *)c.addr, c.len)
				     : (uintptr_t)mmap64((void *)c.addr, c.len, c.prot, c.flags, c.fd, c.off);
		r.failure = errno;
		tell(channel, &r, sizeof r);
	}
}

static struct result by_library(pid_t pid, const struct call *c)
{
	struct result r;
	errno = 0;
	r.value = c->is_unmap ? (uintptr_t)munmap_peer(pid, (void *)c->addr, c->len)
			      : (uintptr_t)mmap64_peer(pid, (void *)c->addr, c->len, c->prot, c->flags, c->fd, c->off);
	r.failure = errno;
	return r;
}

/* QNX looks at the access mode before the place, and has another name for EOVERFLOW. */
static int as_qnx_says_it(const struct call *c, int failure)
{
	if (!c->is_unmap && c->fd == objects[2] && (c->prot & PROT_WRITE) && (c->flags & MAP_SHARED))
		return EACCES;
	return failure == EOVERFLOW ? ENXIO : failure;
}

static unsigned below(unsigned n)
{
	return (unsigned)rand() % n;
}

/* Where all of the arena may be locked: at the limit a fixed map may fail early or late. */
static int may_lock(void)
{
	struct rlimit limit;
	return getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur > (rlim_t)ARENA * (rlim_t)PAGE;
}

/* As far as one can ask: 32-bit programs for 2^32 pages. */
#define FAR_OFF (sizeof(void *) == 8 ? INT64_MAX - PAGE + 1 : INT64_C(1) << 43)

static struct call by_lot(uintptr_t arena)
{
	static const int types[] = { MAP_SHARED, MAP_PRIVATE };
	static const int places[] = { MAP_FIXED, MAP_FIXED, MAP_FIXED, MAP_FIXED, MAP_FIXED_NOREPLACE, 0 };
	static const int extra[] = { 0, 0, 0, 0, MAP_NORESERVE, MAP_POPULATE, MAP_LOCKED };
	struct call c = { 0 };
	size_t first = below(ARENA), pages = 1 + below(ARENA - (unsigned)first);
	c.addr = arena + first * PAGE;
	c.len = pages * PAGE - below(PAGE);
	c.is_unmap = below(4) == 0;
	if (c.is_unmap)
		return c;
	c.prot = twin_prot[below(5)];
	c.flags = types[below(2)] | places[below(6)] | extra[below(7)];
	if (!may_lock())
		c.flags &= ~MAP_LOCKED;
	c.fd = below(3) ? objects[below(5)] : NOFD;
	if (c.fd == NOFD)
		c.flags |= MAP_ANONYMOUS;
	c.off = below(20) ? (int64_t)below(4) * PAGE : FAR_OFF;
	return c;
}

/* The mappings of the arena as text, and how much is locked, without the inode of anonymous shared memory. */
static void arena_text(pid_t pid, uintptr_t arena, char *text, size_t size)
{
	struct map_line m;
	size_t n = 0;
	FILE *f = open_of(pid, "maps");
	text[0] = '\0';
	while (next_map(f, &m)) {
		int nameless = strstr(m.path, "/dev/zero") != NULL;
		if (m.end <= arena || m.start >= arena + ARENA * PAGE)
			continue;
		n += (size_t)snprintf(text + n, size - n, "%lx-%lx %s %llx %lu %s\n",
				      (long)(m.start - arena), (long)(m.end - arena), m.perms, m.offset,
				      nameless ? 0 : m.inode, m.path);
		CHECK(n < size);
	}
	fclose(f);
	n += (size_t)snprintf(text + n, size - n, "%lld kB locked\n", status_value(pid, "VmLck"));
	CHECK(n < size);
}

/* A hint that is taken sends both elsewhere, where is the kernel's affair. */
static int went_elsewhere(const struct call *c, uintptr_t got, uintptr_t want)
{
	return !c->is_unmap && got != (uintptr_t)MAP_FAILED && want != (uintptr_t)MAP_FAILED &&
	       got != c->addr && want != c->addr;
}

static void take_back_elsewhere(struct peer *target, struct peer *other, const struct call *c,
				uintptr_t got, uintptr_t want)
{
	struct call back = { .is_unmap = 1, .addr = want, .len = c->len };
	struct result r;
	if (!went_elsewhere(c, got, want))
		return;
	CHECK_OK(munmap_peer(target->pid, (void *)got, c->len));
	tell(other->channel, &back, sizeof back);
	hear(other->channel, &r, sizeof r);
	CHECK(r.value == 0);
}

static void describe(const struct call *c, const struct result *got, const struct result *want)
{
	fprintf(stderr, "%s addr %#lx len %#zx prot %d flags %#x fd %d off %#" PRIx64 ": got %#lx, errno %d; "
		"plain call %#lx, errno %d\n", c->is_unmap ? "munmap" : "mmap", (long)c->addr, c->len, c->prot,
		c->flags, c->fd, c->off, (long)got->value, got->failure, (long)want->value, want->failure);
}

int main(int argc, char **argv)
{
	static char theirs[1 << 14], ours[1 << 14];
	struct call end = { .is_unmap = 1 };
	struct peer target, other;
	unsigned seed = argc > 1 ? (unsigned)atoi(argv[1]) : (unsigned)getpid();
	uintptr_t arena;
	int i;

	srand(seed);
	printf("seed %u\n", seed);	/* as an argument, it draws the same calls again */
	objects[0] = memfd_of(2);
	objects[1] = file_of("object", 3);
	objects[2] = open("object", O_RDONLY | O_CLOEXEC);
	objects[3] = open("/dev/zero", O_RDWR | O_CLOEXEC);
	objects[4] = memfd_of(ARENA + 8);
	/* Free here, so free in both children. */
	arena = (uintptr_t)mmap(NULL, ARENA * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0);
	CHECK((void *)arena != MAP_FAILED && munmap((void *)arena, ARENA * PAGE) == 0);
	target = peer_start(obedient_body);
	other = peer_start(twin);

	for (i = 0; i < check_rounds(CALLS); i++) {
		struct call c = by_lot(arena);
		struct result want, got = by_library(target.pid, &c);
		tell(other.channel, &c, sizeof c);
		hear(other.channel, &want, sizeof want);
		take_back_elsewhere(&target, &other, &c, got.value, want.value);
		arena_text(target.pid, arena, ours, sizeof ours);
		arena_text(other.pid, arena, theirs, sizeof theirs);
		if ((got.value == want.value || went_elsewhere(&c, got.value, want.value)) && got.failure == as_qnx_says_it(&c, want.failure) &&
		    strcmp(ours, theirs) == 0)
			continue;
		describe(&c, &got, &want);
		fprintf(stderr, "after call %d, target:\n%stwin:\n%s", i, ours, theirs);
		check_failed(__FILE__, __LINE__, "the target must be as its twin");
	}
	tell(other.channel, &end, sizeof end);
	CHECK(peer_status(&other) == 0);
	peer_dismiss(&target);
	unlink("object");
	return 0;
}
