/*
 * /dev/mem itself: root sees through MAP_PHYS what reading it shows (the BIOS
 * below 1 MiB); what the kernel keeps back (STRICT_DEVMEM) is an EPERM that
 * says so; an ordinary user's is EPERM. Nothing stays open.
 */
#include "physmem.h"

enum { BIOS = 0xf0000 };

static void user(struct target *t)
{
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, 4096, PROT_READ, MAP_PHYS | MAP_SHARED, NOFD, BIOS), EPERM);
	CHECK(strstr(mman_peer_explain(), "/dev/mem") != NULL);
	/* The right comes before the other arguments. */
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, 4096, PROT_READ, MAP_PHYS | MAP_SHARED, 0, BIOS), EPERM);
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
	unsigned char want[64], *a;
	int fd = open("/dev/mem", O_RDONLY | O_CLOEXEC);
	int64_t memory = ram();
	size_t i, k;
	CHECK(fd != -1);
	if (pread(fd, want, sizeof want, BIOS) == (ssize_t)sizeof want) {
		static const int protections[] = { PROT_READ, PROT_READ | PROT_NOCACHE };
		for (k = 0; k < LENGTH_OF(protections); k++) {
			CHECK_MAPS(a, mmap_peer(t->pid, NULL, sizeof want, protections[k], phys, NOFD, BIOS));
			for (i = 0; i < sizeof want; i++)
				CHECK(target_read(t, a + i) == want[i]);
			CHECK_OK(munmap_peer(t->pid, a, sizeof want));
		}
	}
	close(fd);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, 4096, PROT_READ, phys, 0, BIOS), EINVAL);
	MAP_FAILS_CLEANLY(t, mmap64_peer(t->pid, NULL, 4096, PROT_READ, phys, NOFD, INT64_MAX - 0xffff), EINVAL);
	if (memory != 0) {
		a = mmap64_peer(t->pid, NULL, 4096, PROT_READ, phys, NOFD, memory);
		if (a == MAP_FAILED) {
			CHECK(errno == EPERM && strstr(mman_peer_explain(), "STRICT_DEVMEM") != NULL);
			MAP_FAILS_CLEANLY(t, mmap64_peer(t->pid, NULL, 4096, PROT_READ, phys, NOFD, memory), EPERM);
		} else {
			CHECK_OK(munmap_peer(t->pid, a, 4096));
		}
	}
}

int main(void)
{
	int fd = open("/dev/mem", O_RDONLY | O_CLOEXEC), failure = errno;
	if (fd == -1 && failure != EACCES && failure != EPERM)
		check_skip("/dev/mem cannot be opened: %s", strerror(failure));
	if (fd != -1)
		close(fd);
	own_and_peer(NULL, fd != -1 ? root : user);
	return 0;
}
