/*
 * Huge pages: a memfd of them, a file on hugetlbfs, and MAP_HUGETLB without an
 * object, each mapped whole and shared with the caller where it is an object. A
 * length that is no multiple of them stands for whole ones, also to what follows the
 * map; a second step that fails takes all of it away. A pool that is too small is ENOMEM.
 *
 * runs-as: root
 * runs-alone
 */
#include "huge.h"
#include <sched.h>
#include <sys/mount.h>

static size_t huge;
static int hugetlbfs_file = -1;

static void object(struct target *t, int fd, size_t len)
{
	unsigned char *a, *here;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	CHECK((uintptr_t)a % huge == 0);
	CHECK_RANGE(t, a, len, "rw-s");
	CHECK(has_vm_flag(t->pid, a, "ht"));
	here = mmap(NULL, 2 * huge, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(here != MAP_FAILED);
	target_write(t, a + 4321, 43);
	CHECK(here[4321] == 43);
	here[5000] = 50;
	CHECK(target_read(t, a + 5000) == 50);
	munmap(here, 2 * huge);
	CHECK_OK(munmap_peer(t->pid, a, len));
	CHECK_RANGE_FREE(t, a, len);
}

static void fixed(struct target *t, int fd)
{
	unsigned char *a = free_range(t, 4 * huge), *b;
	a += (huge - (uintptr_t)a % huge) % huge;
	CHECK_MAPS(b, mmap_peer(t->pid, a + huge, huge, PROT_READ, MAP_SHARED | MAP_FIXED, fd, (off_t)huge));
	CHECK(b == a + huge);
	CHECK_RANGE_FREE(t, a, huge);
	CHECK_OK(munmap_peer(t->pid, b, huge));
	/* Half a huge page in: EINVAL, as mmap() says. */
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, a + PAGE, huge, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0), EINVAL);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, huge, PROT_READ, MAP_SHARED, fd, PAGE), EINVAL);
}

static void anonymous(struct target *t, int type)
{
	unsigned char *a;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, huge, PROT_READ | PROT_WRITE, type | MAP_HUGETLB, NOFD, 0));
	CHECK((uintptr_t)a % huge == 0 && has_vm_flag(t->pid, a, "ht"));
	target_write(t, a + huge - 1, 3);
	CHECK(target_read(t, a + huge - 1) == 3 && target_read(t, a) == 0);
	CHECK_OK(munmap_peer(t->pid, a, huge));
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, TOO_LONG, PROT_READ, type | MAP_HUGETLB, NOFD, 0), ENOMEM);
}

/* The size in the flags' upper bits, which count only with MAP_HUGETLB. */
static void of_a_size(struct target *t)
{
	int size = __builtin_ctzl(huge) << 26;
	unsigned char *a;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, huge, PROT_READ, MAP_SHARED | MAP_HUGETLB | size, NOFD, 0));
	CHECK_OK(munmap_peer(t->pid, a, huge));
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, huge, PROT_READ, MAP_SHARED | MAP_HUGETLB | 13 << 26, NOFD, 0), EINVAL);
}

static void a_part_is_the_whole_page(struct target *t, int flags, int fd)
{
	unsigned char *a;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, PROT_READ | PROT_WRITE, flags | MAP_NOINHERIT, fd, 0));
	CHECK(has_vm_flag(t->pid, a, "ht") && has_vm_flag(t->pid, a + huge - PAGE, "dc"));
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
	CHECK_RANGE_FREE(t, a, huge);
}

static void test(struct target *t)
{
	int fd = huge_memfd(2);
	a_part_is_the_whole_page(t, MAP_SHARED, fd);
	a_part_is_the_whole_page(t, MAP_PRIVATE | MAP_ANON | MAP_HUGETLB, NOFD);
	/* A guard would end inside a huge page. */
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_HUGETLB | MAP_STACK,
		NOFD, PAGE), EINVAL);
	object(t, fd, 2 * huge);
	object(t, fd, huge);
	fixed(t, fd);
	close(fd);
	if (hugetlbfs_file != -1)
		object(t, hugetlbfs_file, 2 * huge);
	anonymous(t, MAP_PRIVATE);
	anonymous(t, MAP_SHARED);
	of_a_size(t);
}

static void body(void)
{
	huge = huge_size();
	CHECK(mkdir("huge", 0700) == 0);
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("none", "huge", "hugetlbfs", 0, NULL) == 0) {
		hugetlbfs_file = open("huge/object", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		CHECK(hugetlbfs_file != -1 && ftruncate(hugetlbfs_file, (off_t)(2 * huge)) == 0);
	}
	own_and_peer(NULL, test);
}

int main(void)
{
	with_huge_pages(8, body);
	return 0;
}
