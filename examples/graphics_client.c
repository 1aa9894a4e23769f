/*
 * graphics_client.c: a client of graphics_server.c. It has a buffer mapped into
 * itself, draws, has it shown, and looks for its picture on the screen, which it
 * has mapped too. It opens no memory object, and calls neither mmap() nor
 * munmap(): all of that the server does to it.
 *
 *   cc graphics_client.c $(pkg-config --cflags --libs mman_peer-qnx)
 *   ./graphics_client COLOUR     0 to 255; exits with 0 if all was as it must be
 *   ./graphics_client die        dies of SIGKILL with a buffer still mapped
 *
 * What was changed for Linux: the messages (msg.h, through graphics.h), and the
 * client's consent, which only the Yama security module asks for.
 */
#include "graphics.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <mman_peer.h>
#endif

enum { WIDTH = 100, HEIGHT = 80 };

static uint32_t colour;
static uint32_t pixel(uint32_t x, uint32_t y) { return colour << 24 | x << 8 | y; }

static void fail(const char *what)
{
	fprintf(stderr, "client  %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static volatile uint32_t *alloc_buffer(int coid, uint32_t kind, uint32_t *width)
{
	struct graphics_msg msg = { .type = ALLOC_BUFFER, .kind = kind, .width = WIDTH, .height = HEIGHT };
	struct graphics_reply reply;
	if (MsgSend(coid, &msg, sizeof msg, &reply, sizeof reply) == -1)
		fail("ALLOC_BUFFER");
	printf("client  ALLOC_BUFFER: the server has mapped %s at %p\n",
	       kind == KIND_VIDEO ? "the screen" : "a buffer", reply.buffer);
	*width = reply.width;
	return reply.buffer;
}

static void send_about(int coid, uint16_t type, volatile uint32_t *buffer, const char *name)
{
	struct graphics_msg msg = { .type = type, .buffer = (void *)(uintptr_t)buffer };
	if (MsgSend(coid, &msg, sizeof msg, NULL, 0) == -1)
		fail(name);
}

/* Whether there is memory: the kernel says EFAULT where we would die of SIGSEGV. */
static int is_mapped(volatile uint32_t *buffer)
{
	int ends[2], mapped;
	if (pipe(ends) == -1)
		fail("pipe");
	mapped = write(ends[1], (const void *)(uintptr_t)buffer, 1) == 1;
	close(ends[0]);
	close(ends[1]);
	return mapped;
}

int main(int argc, char **argv)
{
	volatile uint32_t *buffer, *screen;
	uint32_t x, y, width, screen_width;
	int coid, wrong = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 2) {
		fprintf(stderr, "usage: graphics_client COLOUR | die\n");
		return EXIT_FAILURE;
	}
	colour = (uint32_t)strtoul(argv[1], NULL, 0) & 255;
	coid = name_open(SERVER_NAME, 0);
	if (coid == -1)
		fail("name_open (is graphics_server running, in the same directory?)");
#ifdef __linux__
	{
		/* Under Yama (kernel.yama.ptrace_scope 1) the server may map into us only
		   if we say so, or descend from it. Without Yama this does nothing. */
		struct _server_info server;
		if (ConnectServerInfo(0, coid, &server) == -1 || mman_peer_allow(server.pid) == -1)
			fail("mman_peer_allow");
	}
#endif
	buffer = alloc_buffer(coid, KIND_MEMORY, &width);
	for (y = 0; y < HEIGHT; y++)
		for (x = 0; x < WIDTH; x++)
			buffer[y * width + x] = pixel(x, y);
	if (strcmp(argv[1], "die") == 0)
		raise(SIGKILL);
	send_about(coid, SHOW_BUFFER, buffer, "SHOW_BUFFER");

	screen = alloc_buffer(coid, KIND_VIDEO, &screen_width);
	for (y = 0; y < HEIGHT; y++)
		for (x = 0; x < WIDTH; x++)
			wrong += screen[y * screen_width + x] != pixel(x, y);
	printf("client  pixels of the screen that are not as I drew them: %d\n", wrong);
	/* Straight onto the screen, past the server. */
	screen[0] = ~pixel(0, 0);

	send_about(coid, FREE_BUFFER, screen, "FREE_BUFFER");
	send_about(coid, FREE_BUFFER, buffer, "FREE_BUFFER");
	if (wrong != 0 || is_mapped(buffer) || is_mapped(screen)) {
		printf("client  it did not work\n");
		return EXIT_FAILURE;
	}
	printf("client  both are unmapped again\n");
	name_close(coid);
	return EXIT_SUCCESS;
}
