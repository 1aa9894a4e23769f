/*
 * fuse.h: a file whose pages come when the test wants them to: a file system in
 * user mode, spoken to by the kernel's own protocol (linux/fuse.h), that answers
 * everything at once but what reads the file, and on demand what closes it. For
 * root; the mount is this process's and its children's own.
 */
#ifndef FUSE_H
#define FUSE_H
#include "caller.h"
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/uio.h>

enum { SLOW_PAGES = 4, SLOW_NODE = 2, SLOW_BYTE = 0x5a };

static struct slow_file {
	volatile int asked;	/* how many reads have come */
	volatile int open;	/* reads are answered */
	volatile int silent;	/* but what closes the file nothing is answered */
	volatile int unclosed;	/* who closes the file waits, and no signal ends that (fuse_flush) */
} *slow;
static int slow_channel;	/* /dev/fuse */

/* Of the server: reads that wait. */
enum { SLOW_MOST = 16 };
static struct { uint64_t unique; uint32_t size; } slow_reads[SLOW_MOST];
static int slow_pending;
/* And closes. */
static uint64_t slow_closes[SLOW_MOST];
static int slow_closing;

static inline void slow_answer(uint64_t unique, int error, const void *what, size_t size)
{
	struct fuse_out_header head = { (uint32_t)(sizeof head + size), error, unique };
	struct iovec parts[] = { { &head, sizeof head }, { (void *)(uintptr_t)what, size } };
	/* ENOENT: whoever asked has been killed. */
	CHECK(writev(slow_channel, parts, 2) == (ssize_t)(sizeof head + size) || errno == ENOENT);
}

static inline struct fuse_attr slow_attributes(uint64_t node)
{
	struct fuse_attr a = { .ino = node, .nlink = 1, .blksize = (uint32_t)check_page() };
	a.mode = node == SLOW_NODE ? S_IFREG | 0644 : S_IFDIR | 0755;
	a.size = node == SLOW_NODE ? SLOW_PAGES * check_page() : 0;
	return a;
}

static inline void slow_serve_one(const struct fuse_in_header *in, const void *body)
{
	if (slow->silent && in->opcode != FUSE_FLUSH && in->opcode != FUSE_RELEASE)
		return;
	switch (in->opcode) {
	case FUSE_INIT: {
		const struct fuse_init_in *theirs = body;
		struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION, .minor = theirs->minor, .max_write = 1 << 16 };
		slow_answer(in->unique, 0, &out, sizeof out);
		break;
	}
	case FUSE_LOOKUP: {
		struct fuse_entry_out out = { .nodeid = SLOW_NODE, .attr = slow_attributes(SLOW_NODE) };
		slow_answer(in->unique, 0, &out, sizeof out);
		break;
	}
	case FUSE_GETATTR: {
		struct fuse_attr_out out = { .attr = slow_attributes(in->nodeid) };
		slow_answer(in->unique, 0, &out, sizeof out);
		break;
	}
	case FUSE_OPEN: {
		struct fuse_open_out out = { .fh = 1 };
		slow_answer(in->unique, 0, &out, sizeof out);
		break;
	}
	case FUSE_READ: {
		const struct fuse_read_in *wanted = body;
		CHECK(slow_pending < SLOW_MOST && wanted->size <= 1 << 16);
		slow_reads[slow_pending].unique = in->unique;
		slow_reads[slow_pending++].size = wanted->size;
		slow->asked++;
		break;
	}
	case FUSE_FORGET: case FUSE_BATCH_FORGET: case FUSE_INTERRUPT:
		break;	/* want no answer */
	case FUSE_FLUSH:
		CHECK(slow_closing < SLOW_MOST);
		slow_closes[slow_closing++] = in->unique;
		break;
	case FUSE_RELEASE:
		slow_answer(in->unique, 0, NULL, 0);
		break;
	default:
		slow_answer(in->unique, -ENOSYS, NULL, 0);
	}
}

static inline int slow_body(int channel)
{
	static union { struct fuse_in_header head; char bytes[1 << 17]; } request;
	static char bytes[1 << 16];
	struct pollfd more = { .fd = slow_channel, .events = POLLIN };
	memset(bytes, SLOW_BYTE, sizeof bytes);
	tell_word(channel, 1);
	for (;;) {
		ssize_t n;
		for (; slow->open && slow_pending > 0; slow_pending--)
			slow_answer(slow_reads[slow_pending - 1].unique, 0, bytes, slow_reads[slow_pending - 1].size);
		for (; !slow->unclosed && slow_closing > 0; slow_closing--)
			slow_answer(slow_closes[slow_closing - 1], 0, NULL, 0);
		if (poll(&more, 1, 1) == 0)
			continue;
		n = read(slow_channel, &request, sizeof request);
		if (n == -1 && (errno == EINTR || errno == ENOENT))
			continue;
		if (n <= 0)	/* unmounted */
			return 0;
		slow_serve_one(&request.head, request.bytes + sizeof request.head);
	}
}

/* The file, open for reading. What reads it waits until `slow->open`. */
static inline int slow_file_open(struct peer *server)
{
	char options[64];
	int fd;
	slow = mmap(NULL, sizeof *slow, READ_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	CHECK(slow != MAP_FAILED);
	CHECK(unshare(CLONE_NEWNS) == 0 && mount("", "/", "", MS_REC | MS_PRIVATE, NULL) == 0);
	slow_channel = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (slow_channel == -1)
		check_skip("there is no /dev/fuse: %s", strerror(errno));
	CHECK(mkdir("slow", 0755) == 0);
	snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", slow_channel);
	CHECK(mount("slow", "slow", "fuse", MS_NOSUID | MS_NODEV, options) == 0);
	*server = peer_start(slow_body);
	CHECK(hear_word(server->channel) == 1);
	close(slow_channel);
	fd = open("slow/file", O_RDONLY | O_CLOEXEC);
	CHECK(fd != -1);
	return fd;
}

/* Nobody may use the file any more. */
static inline void slow_file_end(struct peer *server, int fd)
{
	close(fd);
	CHECK(umount2("slow", MNT_DETACH) == 0 && rmdir("slow") == 0);
	peer_kill(server);
}

#endif
