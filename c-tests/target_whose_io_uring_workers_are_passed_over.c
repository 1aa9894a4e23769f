/*
 * Among a target's threads are io_uring's workers, which never reach user mode
 * and so cannot make a system call. They are passed over, even if the first
 * thread cannot be stopped and another must be looked for.
 */
#include "vforking.h"
#include <dirent.h>
#include <linux/io_uring.h>

static struct { atomic_int ready, child_dismissed, dismissed; atomic_ulong progress; } *shared;

/* A read of an empty pipe that io_uring hands to a worker thread at once. */
static int ring_with_a_worker(unsigned flags)
{
	struct io_uring_params p;
	static char byte;
	struct io_uring_sqe *sqe;
	uint32_t *array;
	char *ring;
	int fd, ends[2];
	memset(&p, 0, sizeof p);
	p.flags = flags;
	fd = (int)syscall(SYS_io_uring_setup, 4, &p);
	if (fd == -1)
		return 0;
	ring = mmap(NULL, p.sq_off.array + 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	sqe = mmap(NULL, 4 * sizeof *sqe, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
	CHECK(ring != MAP_FAILED && (void *)sqe != MAP_FAILED && pipe(ends) == 0);
	array = (uint32_t *)(ring + p.sq_off.array);
	memset(sqe, 0, sizeof *sqe);
	sqe->opcode = IORING_OP_READ;
	sqe->flags = IOSQE_ASYNC;
	sqe->fd = ends[0];
	sqe->addr = (uintptr_t)&byte;
	sqe->len = 1;
	array[0] = 0;
	atomic_store((_Atomic uint32_t *)(ring + p.sq_off.tail), 1);
	CHECK(syscall(SYS_io_uring_enter, fd, 1, 0, flags & IORING_SETUP_SQPOLL ? IORING_ENTER_SQ_WAKEUP : 0, NULL, 0) == 1);
	return 1;
}

static void *other(void *arg)
{
	(void)arg;
	while (!shared->dismissed) {
		CHECK(usleep(500) == 0);
		shared->progress++;
	}
	return NULL;
}

static int target(int channel)
{
	pthread_t thread;
	(void)channel;
	if (!ring_with_a_worker(0) || !ring_with_a_worker(IORING_SETUP_SQPOLL)) {
		shared->ready = -1;
		return 0;
	}
	/* The worker is there before the other thread, which is to be found behind it. */
	hear_word(channel);
	CHECK(pthread_create(&thread, NULL, other, NULL) == 0);
	shared->ready = 1;
	wait_in_vfork(&shared->child_dismissed);
	CHECK(pthread_join(thread, NULL) == 0);
	_exit(0);
}

/* Threads of the process whose name begins so. */
static int threads_named(pid_t pid, const char *name)
{
	char path[80], comm[64];
	struct dirent *e;
	int count = 0, fd;
	DIR *d;
	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	CHECK((d = opendir(path)) != NULL);
	while ((e = readdir(d)) != NULL) {
		ssize_t n;
		snprintf(path, sizeof path, "/proc/%d/task/%.16s/comm", (int)pid, e->d_name);
		if (e->d_name[0] == '.' || (fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
			continue;
		n = read(fd, comm, sizeof comm - 1);
		close(fd);
		count += n > 0 && strncmp(comm, name, strlen(name)) == 0;
	}
	closedir(d);
	return count;
}

int main(void)
{
	struct peer p;
	double began;
	shared = shared_memory(sizeof *shared);
	p = peer_start(target);
	AWAIT(shared->ready == -1 || threads_named(p.pid, "iou-") >= 2);
	if (shared->ready == -1)
		check_skip("io_uring is not to be had (kernel.io_uring_disabled, or no such call)");
	tell_word(p.channel, 0);
	AWAIT(shared->ready == 1);
	await_state(p.pid, 'D');
	began = check_now();
	disturb_times(p.pid, 20);
	CHECK(check_now() - began < 2);
	shared->child_dismissed = shared->dismissed = 1;
	CHECK(peer_status(&p) == 0);
	return 0;
}
