/*
 * The offset need not lie on a page: the page below it is mapped, as long as
 * the end needs, and the result points at the byte asked for. So it is with
 * anonymous memory.
 */
#include "target.h"

enum { PAGES = 4 };

static void one(struct target *t, int fd, off_t off, size_t len)
{
	unsigned char *a, byte = (unsigned char)(off % 251 + 1);
	size_t inside = (size_t)off % PAGE;
	struct map_line m;

	CHECK_MAPS(a, mmap_peer(t->pid, NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, off));
	CHECK((uintptr_t)a % PAGE == inside);
	CHECK(map_at(t->pid, a, &m));
	CHECK(m.start == page_below(a) && m.end == m.start + pages_of((char *)inside, len));
	if (fd != NOFD) {
		CHECK(m.offset == (unsigned long long)off - inside);
		CHECK(pwrite(fd, &byte, 1, off) == 1);
		CHECK(target_read(t, a) == byte);
	}
	target_write(t, a + len - 1, 9);
	CHECK(fd == NOFD || object_byte(fd, off + (off_t)len - 1) == 9);
	CHECK_OK(munmap_peer(t->pid, a, len));	/* the result and the length as they are */
	CHECK_RANGE_FREE(t, a, len);
}

static void test(struct target *t)
{
	const struct { off_t off; size_t len; } cases[] = {
		{ 1, 1 }, { 1, PAGE - 1 }, { 1, PAGE }, { PAGE - 1, 1 }, { PAGE - 1, 2 }, { 100, 2 * PAGE },
		{ PAGE + 16, 16 }, { 2 * PAGE + 4000, PAGE },
	};
	int fd = memfd_of(PAGES);
	size_t i;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		one(t, fd, cases[i].off, cases[i].len);
		one(t, NOFD, cases[i].off, cases[i].len);
	}
	close(fd);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
