/*
 * A shared map of the caller's object is that object: bytes go both ways
 * between the target's map and the caller's descriptor, for a memfd, a POSIX
 * shared memory object, a regular file, a deleted one, and one without a name.
 */
#include "target.h"

static void one(struct target *t, int fd)
{
	unsigned char *a, *here, byte = 200;
	struct stat object;
	struct map_line m;

	CHECK(fd != -1 && fstat(fd, &object) == 0);
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE));
	CHECK_RANGE(t, a, 3 * PAGE, "rw-s");
	CHECK(map_at(t->pid, a, &m) && m.inode == object.st_ino && m.offset == check_page());
	CHECK(m.start == (uintptr_t)a && m.end == (uintptr_t)a + 3 * PAGE);
	CHECK(target_read(t, a) == 2 && target_read(t, a + 2 * PAGE) == 4);

	target_write(t, a + PAGE + 17, 99);
	CHECK(object_byte(fd, 2 * PAGE + 17) == 99);
	CHECK(pwrite(fd, &byte, 1, PAGE + 5) == 1);
	CHECK(target_read(t, a + 5) == 200);

	here = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 3 * PAGE);
	CHECK(here != MAP_FAILED);
	here[7] = 31;
	CHECK(target_read(t, a + 2 * PAGE + 7) == 31);
	munmap(here, PAGE);
	CHECK_OK(munmap_peer(t->pid, a, 3 * PAGE));
	CHECK_RANGE_FREE(t, a, 3 * PAGE);
	close(fd);
}

static int shm_object(void)
{
	char name[64];
	int fd;
	snprintf(name, sizeof name, "/mman_peer-test-%d", (int)getpid());
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	CHECK(fd != -1 && shm_unlink(name) == 0);
	return number_pages(fd, 4);
}

static int nameless(void)
{
	int fd = open(".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	return fd == -1 ? memfd_of(4) : number_pages(fd, 4);	/* not every file system has it */
}

static void test(struct target *t)
{
	int fd;
	one(t, memfd_of(4));
	one(t, shm_object());
	one(t, file_of("object", 4));
	fd = file_of("object", 4);
	CHECK(unlink("object") == 0);
	one(t, fd);
	one(t, nameless());
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
