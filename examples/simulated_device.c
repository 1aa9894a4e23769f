/*
 * simulated_device.c: plays a device for a driver that is to be tested without
 * hardware. Its registers (device.h) lie in the file that stands in for
 * physical memory:
 *
 *   simulated_device COMMAND [ARGUMENT...]
 *
 * runs COMMAND with MMAN_PEER_PHYSMEM set, is the device for as long as that
 * runs, and exits with its status. If MMAN_PEER_PHYSMEM is set already, that file
 * is used, else a temporary one. With device_driver.c:
 *
 *   ./simulated_device ./device_driver
 *
 * The device knows nothing of libmman_peer: what a driver maps at physical
 * address A is the file at offset A. Memory has no side effects, though. A
 * real register may act at the very write; this one is looked at now and then.
 */
#define _GNU_SOURCE
#include "device.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "device  %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* ---- The memory that it sits in ------------------------------------------ */

static char made[4096]; /* the file, if it is ours to remove */

static int open_memory(void)
{
	const char *name = getenv("MMAN_PEER_PHYSMEM"), *directory = getenv("TMPDIR");
	int fd;
	if (name != NULL && name[0] != '\0') {
		fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	} else {
		snprintf(made, sizeof made, "%s/physmem.XXXXXX", directory ? directory : "/tmp");
		fd = mkostemp(made, O_CLOEXEC);
		if (fd == -1 || setenv("MMAN_PEER_PHYSMEM", made, 1) == -1)
			fail(made);
	}
	if (fd == -1)
		fail(name);
	return fd;
}

static char *map_device(void)
{
	int fd = open_memory();
	char *device;
	/* Its size is the end of physical memory; of the disk it takes only what is written. */
	if (lseek(fd, 0, SEEK_END) < (off_t)DEVICE_ADDRESS + DEVICE_SIZE &&
	    ftruncate(fd, (off_t)DEVICE_ADDRESS + DEVICE_SIZE) == -1)
		fail("ftruncate");
	device = mmap(NULL, DEVICE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, DEVICE_ADDRESS);
	if (device == MAP_FAILED)
		fail("mmap");
	close(fd);
	return device;
}

/* ---- What it does --------------------------------------------------------- */

static void reset(struct registers *r, struct fifo *f)
{
	r->id = DEVICE_ID;
	r->result = 0;
	f->head = f->tail = 0;
	__atomic_store_n(&r->status, STATUS_READY, __ATOMIC_RELEASE);
}

/* Takes all words that are in the ring. More than it holds is an error. */
static void sum(struct registers *r, struct fifo *f)
{
	uint32_t head = __atomic_load_n(&f->head, __ATOMIC_ACQUIRE), total = 0;
	if (head - f->tail > FIFO_WORDS) {
		__atomic_store_n(&r->status, STATUS_ERROR, __ATOMIC_RELEASE);
		return;
	}
	while (f->tail != head) {
		total += f->word[f->tail % FIFO_WORDS];
		f->tail = f->tail + 1;
	}
	r->result = total;
	__atomic_store_n(&r->status, STATUS_DONE, __ATOMIC_RELEASE);
}

/* One look at the command register. */
static void tick(struct registers *r, struct fifo *f)
{
	uint32_t command = __atomic_load_n(&r->command, __ATOMIC_ACQUIRE);
	if (command == COMMAND_NONE)
		return;
	r->status = STATUS_BUSY;
	__atomic_store_n(&r->command, COMMAND_NONE, __ATOMIC_RELEASE);
	switch (command) {
	case COMMAND_SUM:   sum(r, f); break;
	case COMMAND_RESET: reset(r, f); break;
	default:            __atomic_store_n(&r->status, STATUS_ERROR, __ATOMIC_RELEASE); break;
	}
}

int main(int argc, char **argv)
{
	static const struct timespec between = { .tv_nsec = 100000 };
	struct registers *registers;
	struct fifo *fifo;
	char *device;
	pid_t pid, self = getpid();
	int status;

	if (argc < 2) {
		fprintf(stderr, "usage: simulated_device COMMAND [ARGUMENT...]\n");
		return EXIT_FAILURE;
	}
	device = map_device();
	registers = (struct registers *)device;
	fifo = (struct fifo *)(device + FIFO_OFFSET);
	registers->command = COMMAND_NONE;
	reset(registers, fifo);

	pid = fork();
	if (pid == -1)
		fail("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != self)
			_exit(EXIT_FAILURE);
		execvp(argv[1], argv + 1);
		fprintf(stderr, "device  %s: %s\n", argv[1], strerror(errno));
		_exit(127);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		tick(registers, fifo);
		nanosleep(&between, NULL);
	}
	if (made[0] != '\0')
		unlink(made);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}
