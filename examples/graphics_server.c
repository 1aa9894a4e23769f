/*
 * graphics_server.c: a port of a server as QNX has them for graphics, video
 * and the like. It owns a video memory, at a physical address, and maps
 * buffers into its clients:
 *
 *   ALLOC_BUFFER  a buffer in a shared memory object, or the video memory
 *   SHOW_BUFFER   copies a buffer to the video memory
 *   FREE_BUFFER   takes a buffer away
 *
 * A client is blocked in MsgSend() until the server has mapped and replies.
 *
 *   cc graphics_server.c $(pkg-config --cflags --libs mman_peer-qnx)
 *   truncate -s 4G memory                      (for a machine without the hardware)
 *   MMAN_PEER_PHYSMEM=memory ./graphics_server 0xfd000000
 *
 * and then graphics_client in the same directory. With a second argument the
 * server ends when so many clients have gone.
 *
 * What was changed for Linux: the messages (msg.h, through graphics.h). Every call
 * about memory, and its header, is as it was.
 */
#define _LARGEFILE64_SOURCE /* mmap64_peer(), on QNX too */
#include "graphics.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef __linux__
#include <mman_peer.h>
#define EXPLANATION mman_peer_explain()
#else
#define EXPLANATION "see the manual"
#endif

static uint64_t video_address; /* physical */
static uint32_t *video;        /* the same, mapped here */

struct buffer {
	int scoid;                /* whose it is; 0 free */
	pid_t pid;
	void *there;              /* where the client has it */
	uint32_t *here;           /* where we have it; NULL for the video memory */
	size_t size;
	uint32_t width, height;
};
static struct buffer buffers[64];

static int failed(const char *call)
{
	int error = errno;
	printf("server  %s: %s\n        %s\n", call, strerror(error), EXPLANATION);
	return error;
}

static struct buffer *find_buffer(int scoid, const void *there)
{
	struct buffer *b;
	for (b = buffers; b < buffers + sizeof buffers / sizeof *buffers; b++)
		if (b->scoid == scoid && (scoid == 0 || b->there == there))
			return b;
	return NULL;
}

/* ---- The memory: not a line of this part knows which system it is on ----- */

/* The video memory in the client: physical memory, with no descriptor. */
static int map_video(struct buffer *b)
{
	b->there = mmap64_peer(b->pid, NULL, b->size, PROT_READ | PROT_WRITE | PROT_NOCACHE,
			       MAP_PHYS | MAP_SHARED, NOFD, (off64_t)video_address);
	return b->there == MAP_FAILED ? failed("mmap64_peer") : EOK;
}

/* A shared memory object: here, so that we can show it, and in the client. */
static int map_object(struct buffer *b)
{
	static unsigned number;
	char name[64];
	int fd, error = EOK;

	snprintf(name, sizeof name, "/graphics.%d.%u", (int)getpid(), number++);
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd == -1)
		return failed("shm_open");
	shm_unlink(name);
	if (ftruncate(fd, (off_t)b->size) == -1) {
		error = failed("ftruncate");
		close(fd);
		return error;
	}
	b->here = mmap(NULL, b->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (b->here == MAP_FAILED) {
		error = failed("mmap");
	} else {
		b->there = mmap_peer(b->pid, NULL, b->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (b->there == MAP_FAILED) {
			error = failed("mmap_peer");
			munmap(b->here, b->size);
		}
	}
	/* Both mappings outlive the descriptor; the client never had one. */
	close(fd);
	return error;
}

/*
 * Takes a buffer back. A client that has died took its mappings along: ESRCH is
 * success. The pid comes from the connection, and is the client's for as long as
 * that stands; afterwards another process could come to have it, on both systems.
 * Linux hands out a number again only when all others have had their turn.
 */
static int unmap(struct buffer *b)
{
	int result;
	do
		result = munmap_peer(b->pid, b->there, b->size);
	while (result == -1 && errno == EINTR);
	if (result == -1 && errno != ESRCH)
		return failed("munmap_peer");
	if (b->here != NULL)
		munmap(b->here, b->size);
	memset(b, 0, sizeof *b);
	return EOK;
}

/* ---- The messages -------------------------------------------------------- */

static void alloc_buffer(int rcvid, const struct _msg_info *info, const struct graphics_msg *msg)
{
	struct graphics_reply reply;
	struct buffer *b = find_buffer(0, NULL);
	int error;

	if (b == NULL) {
		MsgError(rcvid, ENOMEM);
		return;
	}
	if (msg->width == 0 || msg->width > SCREEN_WIDTH || msg->height == 0 || msg->height > SCREEN_HEIGHT) {
		MsgError(rcvid, EINVAL);
		return;
	}
	*b = (struct buffer){ .pid = info->pid, .width = msg->width, .height = msg->height };
	if (msg->kind == KIND_VIDEO)
		b->width = SCREEN_WIDTH; /* rows of the screen */
	b->size = (size_t)b->width * b->height * sizeof(uint32_t);
	error = msg->kind == KIND_VIDEO ? map_video(b) : map_object(b);
	if (error != EOK) {
		MsgError(rcvid, error);
		return;
	}
	b->scoid = info->scoid;
	printf("server  %s of %zu bytes mapped into process %d at %p\n",
	       msg->kind == KIND_VIDEO ? "video memory" : "buffer", b->size, (int)b->pid, b->there);
	reply = (struct graphics_reply){ .buffer = b->there, .width = b->width };
	MsgReply(rcvid, EOK, &reply, sizeof reply);
}

static void show_buffer(int rcvid, const struct buffer *b)
{
	uint32_t y;
	if (b == NULL || b->here == NULL) {
		MsgError(rcvid, EINVAL);
		return;
	}
	for (y = 0; y < b->height; y++)
		memcpy(video + y * SCREEN_WIDTH, b->here + y * b->width, b->width * sizeof *video);
	printf("server  process %d has drawn %08x ...; it is on the screen now\n", (int)b->pid, (unsigned)b->here[0]);
	MsgReply(rcvid, EOK, NULL, 0);
}

static void free_buffer(int rcvid, struct buffer *b)
{
	int error = b == NULL ? EINVAL : unmap(b);
	if (error != EOK)
		MsgError(rcvid, error);
	else
		MsgReply(rcvid, EOK, NULL, 0);
}

/* A client has gone, by its own will or not: what it still had is free again. */
static void client_gone(int scoid)
{
	struct buffer *b;
	int count = 0;
	for (b = buffers; b < buffers + sizeof buffers / sizeof *buffers; b++)
		if (b->scoid == scoid)
			count += unmap(b) == EOK;
	printf("server  a client has gone; buffers it had left: %d\n", count);
	ConnectDetach(scoid);
}

int main(int argc, char **argv)
{
	union {
		uint16_t type;
		struct _pulse pulse;
		struct graphics_msg graphics;
	} msg;
	struct _msg_info info;
	name_attach_t *attach;
	int clients = argc > 2 ? atoi(argv[2]) : 0, gone = 0, rcvid;

	if (argc < 2) {
		fprintf(stderr, "usage: graphics_server PHYSICAL_ADDRESS [CLIENTS]\n");
		return EXIT_FAILURE;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	video_address = strtoull(argv[1], NULL, 0);
	video = mmap_device_memory(NULL, SCREEN_SIZE, PROT_READ | PROT_WRITE | PROT_NOCACHE, 0, video_address);
	if (video == MAP_FAILED) {
		failed("mmap_device_memory");
		return EXIT_FAILURE;
	}
	attach = name_attach(NULL, SERVER_NAME, 0);
	if (attach == NULL) {
		perror("name_attach");
		return EXIT_FAILURE;
	}
	printf("server  ready: process %d, video memory at physical address 0x%llx\n",
	       (int)getpid(), (unsigned long long)video_address);

	while (clients == 0 || gone < clients) {
		rcvid = MsgReceive(attach->chid, &msg, sizeof msg, &info);
		if (rcvid == -1) {
			if (errno == EINTR)
				continue;
			perror("MsgReceive");
			return EXIT_FAILURE;
		}
		if (rcvid == 0) {
			if (msg.pulse.code == _PULSE_CODE_DISCONNECT) {
				client_gone(msg.pulse.scoid);
				gone++;
			}
			continue;
		}
		if (info.msglen >= sizeof msg.type && msg.type == _IO_CONNECT) {
			MsgReply(rcvid, EOK, NULL, 0);
			continue;
		}
		if (info.msglen < sizeof msg.graphics) {
			MsgError(rcvid, EBADMSG);
			continue;
		}
		switch (msg.type) {
		case ALLOC_BUFFER: alloc_buffer(rcvid, &info, &msg.graphics); break;
		case SHOW_BUFFER:  show_buffer(rcvid, find_buffer(info.scoid, msg.graphics.buffer)); break;
		case FREE_BUFFER:  free_buffer(rcvid, find_buffer(info.scoid, msg.graphics.buffer)); break;
		default:           MsgError(rcvid, ENOSYS); break;
		}
	}
	printf("server  ends: that was client %d\n", gone);
	return EXIT_SUCCESS;
}
