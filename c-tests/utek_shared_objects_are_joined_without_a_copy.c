/* Memory that is shared already is joined by its own object: a file by a
 * descriptor or its path, within the modes that it is open with. */
#include "utek.h"

int main(void)
{
	size_t page = check_page(), len = 2 * page;
	int fd = open("file", O_CREAT | O_RDWR | O_CLOEXEC, 0600), memory = memfd_create("memory", MFD_CLOEXEC);
	CHECK(fd != -1 && memory != -1 && ftruncate(fd, (off_t)(3 * page)) == 0 && ftruncate(memory, (off_t)len) == 0);
	unsigned char *file = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)page);
	unsigned char *object = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	int read_only_fd = open("file", O_RDONLY | O_CLOEXEC);
	unsigned char *read_only = mmap(NULL, len, PROT_READ, MAP_SHARED, read_only_fd, 0);
	CHECK(file != MAP_FAILED && object != MAP_FAILED && read_only != MAP_FAILED);
	close(fd); /* by its path, then */
	close(read_only_fd);
	struct peer p = peer_start(obedient_body);
	CHECK(munmap(file, len) == 0 && munmap(object, len) == 0 && close(memory) == 0);
	unsigned char *a = utek_room(len), *b = utek_room(page), *c = utek_room(len);
	static char before[1 << 16], after[1 << 16];
	(void)peer_mapped(&p, NULL);	/* it has come back from fork() with all that goes with that */
	utek_maps(p.pid, before, sizeof before);
	CHECK_OK(utek_call(p.pid, file, a, len, RW_SELF, SHARED));
	CHECK_OK(utek_call(p.pid, object + page, b, page, RW_SELF, SHARED));
	CHECK_OK(utek_call(p.pid, read_only, c, len, M_R_SELF, SHARED));
	CHECK_FAILS(utek_call(p.pid, read_only, utek_room(len), len, RW_SELF, SHARED), -1, EACCES);
	/* Nothing was moved. */
	utek_maps(p.pid, after, sizeof after);
	CHECK(strcmp(before, after) == 0);
	a[len - 1] = 31;
	CHECK(peer_read(&p, file + len - 1) == 31);
	peer_write(&p, object + page + 5, 32);
	CHECK(b[5] == 32);
	a[0] = 33;
	CHECK(c[page] == 33);
	/* A copy of it is apart. */
	unsigned char *copy = utek_room(len);
	CHECK_OK(utek_call(p.pid, file, copy, len, RW_SELF, PRIVATE));
	a[0] = 34;
	CHECK(copy[0] == 33);
	/* What nobody keeps open and has no path cannot be joined, but as root. */
	peer_dismiss(&p);
	return 0;
}
