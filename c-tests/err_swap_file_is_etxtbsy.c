/*
 * A shared writable map of a file in use as swap space is ETXTBSY, as for
 * mmap(). The test makes a swap file of a few pages, uses it, and gives it up.
 *
 * runs-as: root
 * runs-alone
 */
#include "target.h"
#include <sys/swap.h>

enum { PAGES = 16 };

/* The header that mkswap(8) writes: union swap_header, include/linux/swap.h. */
static int swap_file(const char *name)
{
	static char page[65536];
	uint32_t header[3] = { 1, PAGES - 1, 0 };	/* version, last page, bad pages */
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600), i;
	CHECK(fd != -1);
	for (i = 0; i < PAGES; i++)
		CHECK(pwrite(fd, page, check_page(), i * PAGE) == PAGE);
	memcpy(page + 1024, header, sizeof header);
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	CHECK(pwrite(fd, page, check_page(), 0) == PAGE);
	CHECK(fsync(fd) == 0);
	return fd;
}

static int fd;

/* The swap file must be given up also when a check fails, so they run in a child. */
static void refuses(struct target *t)
{
	CHECK(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == ETXTBSY);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), ETXTBSY);
}

int main(void)
{
	int status;
	pid_t pid;
	fd = swap_file("swap");
	if (swapon("swap", 0) == -1) {
		int why = errno;
		unlink("swap");
		check_skip("no swap file can be used here: %s", strerror(why));
	}
	pid = fork();
	if (pid == 0) {
		own_and_peer(NULL, refuses);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(swapoff("swap") == 0);
	unlink("swap");
	return status != 0;
}
