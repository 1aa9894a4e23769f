/*
 * device_driver.c: a driver in QNX style for the device of device.h. It maps
 * the registers for itself, and the data ring into its client, which then feeds
 * the device without asking anybody for each word.
 *
 *   cc device_driver.c $(pkg-config --cflags --libs mman_peer-qnx)
 *   ./simulated_device ./device_driver
 *
 * With a real device at that address, and the right to /dev/mem, it would run
 * by itself: no line of it knows that the device is simulated.
 */
#define _LARGEFILE64_SOURCE /* mmap64_peer(), off64_t; on QNX too */
#include "device.h"
#include <errno.h>
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <mman_peer.h>
#include <mman_peer/companions.h>
#define EXPLANATION mman_peer_explain()
#else
extern int mem_offset64_peer(pid_t, const uintptr_t, size_t, off64_t *, size_t *);
#define EXPLANATION "see the manual"
#endif

enum { WORDS = 200 };
static uint32_t word(uint32_t i) { return i * i + 1; }

static int failed(const char *call)
{
	int error = errno;
	printf("driver  %s: %s\n        %s\n", call, strerror(error), EXPLANATION);
	return EXIT_FAILURE;
}

/* ---- The client ----------------------------------------------------------- */

/* Waits, as for a reply, until the ring is mapped; feeds the device; says so. */
static int client(int to_driver, int from_driver)
{
	struct fifo *fifo;
	uint32_t i;
	if (read(from_driver, &fifo, sizeof fifo) != (ssize_t)sizeof fifo)
		return EXIT_FAILURE;
	for (i = 0; i < WORDS; i++)
		fifo->word[i] = word(i);
	__atomic_store_n(&fifo->head, WORDS, __ATOMIC_RELEASE);
	printf("client  %d words put into the device's ring at %p\n", WORDS, (void *)fifo);
	fflush(stdout);
	if (write(to_driver, "", 1) != 1)
		return EXIT_FAILURE;
	/* The ring is unmapped meanwhile; then the driver closes its end. */
	return read(from_driver, &fifo, sizeof fifo) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- The driver ----------------------------------------------------------- */

/* Starts a command and waits, at most five seconds, until the device is done. */
static int command(struct registers *device, uint32_t what, uint32_t wanted)
{
	const struct timespec between = { .tv_nsec = 100000 };
	time_t give_up = time(NULL) + 5;
	uint32_t status;
	__atomic_store_n(&device->command, what, __ATOMIC_RELEASE);
	for (;;) {
		/* Taken, and no longer busy. */
		if (__atomic_load_n(&device->command, __ATOMIC_ACQUIRE) == COMMAND_NONE &&
		    (status = __atomic_load_n(&device->status, __ATOMIC_ACQUIRE)) != STATUS_BUSY)
			break;
		if (time(NULL) > give_up) {
			printf("driver  the device does not answer\n");
			return -1;
		}
		nanosleep(&between, NULL);
	}
	if (status != wanted)
		printf("driver  the device's status is %u, not %u\n", (unsigned)status, (unsigned)wanted);
	return status == wanted ? 0 : -1;
}

static int serve(struct registers *device, pid_t pid, int to_client, int from_client)
{
	off64_t physical;
	size_t contiguous;
	uint32_t i, sum = 0;
	char byte;
	void *ring = mmap64_peer(pid, NULL, sizeof(struct fifo), PROT_READ | PROT_WRITE | PROT_NOCACHE,
				 MAP_PHYS | MAP_SHARED, NOFD, (off64_t)DEVICE_ADDRESS + FIFO_OFFSET);
	if (ring == MAP_FAILED)
		return failed("mmap64_peer");
	/* What a driver asks to program a DMA transfer from a client's memory. */
	if (mem_offset64_peer(pid, (uintptr_t)ring, sizeof(struct fifo), &physical, &contiguous) == -1)
		return failed("mem_offset64_peer");
	printf("driver  the ring is at %p in process %d: physical address 0x%llx, %zu bytes contiguous\n",
	       ring, (int)pid, (unsigned long long)physical, contiguous);
	if (physical != (off64_t)DEVICE_ADDRESS + FIFO_OFFSET || contiguous != sizeof(struct fifo))
		return EXIT_FAILURE;

	if (write(to_client, &ring, sizeof ring) != (ssize_t)sizeof ring || read(from_client, &byte, 1) != 1)
		return EXIT_FAILURE;
	if (command(device, COMMAND_SUM, STATUS_DONE) == -1)
		return EXIT_FAILURE;
	for (i = 0; i < WORDS; i++)
		sum += word(i);
	printf("driver  the device's sum is %u, and should be %u\n", (unsigned)device->result, (unsigned)sum);
	if (munmap_peer(pid, ring, sizeof(struct fifo)) == -1 && errno != ESRCH)
		return failed("munmap_peer");
	return device->result == sum ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(void)
{
	struct registers *device;
	int up[2], down[2], status, served;
	pid_t pid;

	device = mmap_device_memory(NULL, sizeof *device, PROT_READ | PROT_WRITE | PROT_NOCACHE, 0, DEVICE_ADDRESS);
	if (device == MAP_FAILED)
		return failed("mmap_device_memory");
	printf("driver  the device at 0x%x says it is %08x\n", DEVICE_ADDRESS, (unsigned)device->id);
	if (device->id != DEVICE_ID) {
		printf("driver  that is another device\n");
		return EXIT_FAILURE;
	}
	if (command(device, COMMAND_RESET, STATUS_READY) == -1)
		return EXIT_FAILURE;
	if (pipe(up) == -1 || pipe(down) == -1) {
		perror("pipe");
		return EXIT_FAILURE;
	}
	fflush(stdout);
	pid = fork();
	if (pid == -1) {
		perror("fork");
		return EXIT_FAILURE;
	}
	if (pid == 0) {
		close(up[0]);
		close(down[1]);
		return client(up[1], down[0]);
	}
	close(up[1]);
	close(down[0]);
	served = serve(device, pid, down[1], up[0]);
	close(down[1]);
	if (waitpid(pid, &status, 0) != pid || status != 0) {
		printf("driver  the client did not end well\n");
		served = EXIT_FAILURE;
	}
	munmap_device_memory(device, sizeof *device);
	return served;
}
