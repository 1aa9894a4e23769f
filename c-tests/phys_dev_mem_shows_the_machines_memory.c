/*
 * /dev/mem itself: root sees through MAP_PHYS what a map of its own shows (a
 * PC's BIOS below 1 MiB, the registers of an emulated aarch64 machine's clock);
 * what the kernel keeps back (STRICT_DEVMEM) is an EPERM that says so; an
 * ordinary user's is EPERM, and so is root's in a kernel that is locked down.
 * Nothing stays open.
 */
#include "physmem.h"

#ifdef __aarch64__
/* The PL031 of QEMU's machine "virt": its last registers name its kind. */
enum { DEVICE = 0x9010fe0, STEP = 4 };
#else
enum { DEVICE = 0xf0000, STEP = 1 };
#endif

static void refused(struct target *t)
{
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, 4096, PROT_READ, MAP_PHYS | MAP_SHARED, NOFD, DEVICE), EPERM);
	CHECK(strstr(mman_peer_explain(), "/dev/mem") != NULL);
	CHECK(strstr(mman_peer_explain(), "locked down") != NULL);
	/* The right comes before the other arguments. */
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, 4096, PROT_READ, MAP_PHYS | MAP_SHARED, 0, DEVICE), EPERM);
}

/* The first address of main memory above 16 MiB; 0: none is told. */
static int64_t ram(void)
{
	char line[256];
	unsigned long long start, end;
	int64_t found = 0;
	FILE *f = fopen("/proc/iomem", "re");
	while (f != NULL && fgets(line, sizeof line, f))
		if (sscanf(line, "%llx-%llx", &start, &end) == 2 && strstr(line, "System RAM") && end > 32 << 20)
			found = start > 16 << 20 ? (int64_t)start : 16 << 20;
	if (f != NULL)
		fclose(f);
	return found;
}

static void root(struct target *t)
{
	const int phys = MAP_PHYS | MAP_SHARED;
	const int64_t page = (int64_t)check_page();
	unsigned char *own, *a;
	int fd = open("/dev/mem", O_RDONLY | O_SYNC | O_CLOEXEC);
	int64_t memory = ram();
	int i;
	size_t k;
	CHECK(fd != -1);
	own = mmap(NULL, (size_t)page, PROT_READ, MAP_SHARED, fd, DEVICE & -page);
	if (own != MAP_FAILED) {
		static const int protections[] = { PROT_READ, PROT_READ | PROT_NOCACHE };
		const unsigned char *want = own + DEVICE % page;
		for (k = 0; k < LENGTH_OF(protections); k++) {
			CHECK_MAPS(a, mmap_peer(t->pid, NULL, 8 * STEP, protections[k], phys, NOFD, DEVICE));
			for (i = 0; i < 8 * STEP; i += STEP)
				CHECK(target_read(t, a + i) == want[i]);
			CHECK_OK(munmap_peer(t->pid, a, 8 * STEP));
		}
		CHECK(munmap(own, (size_t)page) == 0);
	} else {
		CHECK(errno == EPERM);
		MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, 8, PROT_READ, phys, NOFD, DEVICE), EPERM);
	}
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, 4096, PROT_READ, phys, 0, DEVICE), EINVAL);
	MAP_FAILS_CLEANLY(t, mmap64_peer(t->pid, NULL, 4096, PROT_READ, phys, NOFD, INT64_MAX - 0xffff), EINVAL);
	if (memory == 0)
		return;
	/* As with a map of its own: RAM is kept back, or it is not. */
	own = mmap(NULL, (size_t)page, PROT_READ, MAP_SHARED, fd = open("/dev/mem", O_RDONLY | O_CLOEXEC), memory);
	close(fd);
	if (own == MAP_FAILED) {
		CHECK(errno == EPERM);
		MAP_FAILS_CLEANLY(t, mmap64_peer(t->pid, NULL, 4096, PROT_READ, phys, NOFD, memory), EPERM);
		CHECK(strstr(mman_peer_explain(), "STRICT_DEVMEM") != NULL);
		CHECK(strstr(mman_peer_explain(), "lockdown") != NULL);
	} else {
		CHECK(munmap(own, (size_t)page) == 0);
		CHECK_MAPS(a, mmap64_peer(t->pid, NULL, 4096, PROT_READ, phys, NOFD, memory));
		CHECK_OK(munmap_peer(t->pid, a, 4096));
	}
}

int main(void)
{
	int fd = open("/dev/mem", O_RDONLY | O_CLOEXEC), failure = errno;
	if (fd == -1 && failure != EACCES && failure != EPERM)
		check_skip("/dev/mem cannot be opened: %s", strerror(failure));
	if (fd != -1)
		close(fd);
	own_and_peer(NULL, fd != -1 ? root : refused);
	return 0;
}
