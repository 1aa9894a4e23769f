/*
 * graphics.h: the messages between graphics_client.c and graphics_server.c.
 * Nothing in it knows of Linux but the names of the headers.
 */
#ifndef GRAPHICS_H
#define GRAPHICS_H
#ifdef __QNX__
#include <sys/dispatch.h>
#include <sys/iomsg.h>
#include <sys/neutrino.h>
#else
#include "msg.h" /* first of all headers: it asks for more of them than the standard has */
#endif
#include <stdint.h>
#include <sys/types.h>

#define SERVER_NAME "graphics"

enum { SCREEN_WIDTH = 320, SCREEN_HEIGHT = 200 };
#define SCREEN_SIZE (SCREEN_WIDTH * SCREEN_HEIGHT * sizeof(uint32_t))

enum { ALLOC_BUFFER = _IO_MAX + 1, FREE_BUFFER, SHOW_BUFFER };
enum { KIND_MEMORY, KIND_VIDEO };

struct graphics_msg {
	uint16_t type;
	uint16_t subtype;
	uint32_t kind;          /* ALLOC_BUFFER: ordinary memory, or the screen itself */
	uint32_t width, height; /* ALLOC_BUFFER: in pixels of 4 bytes */
	void *buffer;           /* FREE_BUFFER, SHOW_BUFFER: where the client has it */
};

struct graphics_reply {
	void *buffer;           /* ALLOC_BUFFER: the same */
	uint32_t width;
};

#endif
