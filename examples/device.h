/*
 * device.h: the registers of a device that exists only in simulated_device.c,
 * as a data sheet would give them. It takes words through a ring and answers
 * with their sum.
 */
#ifndef DEVICE_H
#define DEVICE_H
#include <stdint.h>

#define DEVICE_ADDRESS 0xfebf0000u /* physical, of the first register */
#define FIFO_OFFSET    0x10000u    /* a page of its own, whatever the size of pages */
#define DEVICE_SIZE    0x20000u
#define DEVICE_ID      0x51c0ffeeu

enum { COMMAND_NONE, COMMAND_SUM, COMMAND_RESET };
enum { STATUS_READY, STATUS_BUSY, STATUS_DONE, STATUS_ERROR };

struct registers {
	volatile uint32_t id;      /* read: DEVICE_ID */
	volatile uint32_t command; /* write: starts it; reads as COMMAND_NONE once it is taken */
	volatile uint32_t status;
	volatile uint32_t result;  /* the sum, when STATUS_DONE */
};

enum { FIFO_WORDS = 256 };
struct fifo {
	volatile uint32_t head; /* words put in, ever: the sender's */
	volatile uint32_t tail; /* words taken out, ever: the device's */
	volatile uint32_t word[FIFO_WORDS];
};

#endif
