/*
 * Names of QNX without an effect here change nothing: PROT_NOCACHE on ordinary
 * memory, MAP_BELOW16M without MAP_PHYS and MAP_ANON, MAP_NOX64K, MAP_NOINIT
 * (memory is zeroed all the same), MAP_ELF, MAP_NOSYNCFILE, MAP_RENAME,
 * MAP_FILE; and flags that Linux itself ignores.
 */
#include "target.h"

static void one(struct target *t, int prot, int flags, int fd)
{
	unsigned char *a;
	struct map_line m;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, prot | PROT_READ | PROT_WRITE, flags, fd, 0));
	CHECK(map_at(t->pid, a, &m) && memcmp(m.perms, "rw-", 3) == 0);
	CHECK(target_read(t, a) == (fd == NOFD ? 0 : 1));
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
}

static void test(struct target *t)
{
	static const int flags[] = {
		0, MAP_BELOW16M, MAP_NOX64K, MAP_BELOW16M | MAP_NOX64K, MAP_NOINIT, MAP_ELF, MAP_NOSYNCFILE,
		MAP_RENAME, MAP_FILE, MAP_DENYWRITE, MAP_EXECUTABLE, MAP_NONBLOCK,
		MAP_BELOW16M | MAP_NOX64K | MAP_LAZY | MAP_BELOW | MAP_NOINIT | MAP_DENYWRITE,
	};
	int fd = memfd_of(1);
	size_t i;
	for (i = 0; i < sizeof flags / sizeof *flags; i++) {
		one(t, 0, flags[i] | MAP_SHARED, fd);
		one(t, PROT_NOCACHE, flags[i] | MAP_SHARED, fd);
		one(t, PROT_NOCACHE, flags[i] | MAP_PRIVATE, fd);
		one(t, PROT_NOCACHE, flags[i] | MAP_SHARED, NOFD);
		one(t, PROT_NOCACHE, flags[i] | MAP_ANON, NOFD);
	}
	one(t, 8 /* PROT_SEM */, MAP_SHARED, fd);
	close(fd);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
