/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* utek_ring.h: the ring buffer that utek_producer and utek_consumer share. */
#define RING_SLOTS	64
#define RING_LINE	48

struct ring {
	volatile unsigned filled;	/* lines written, by the producer */
	volatile unsigned taken;	/* lines read, by the consumer */
	char line[RING_SLOTS][RING_LINE];
};
