/*
 * mem_offset64_peer() where nothing is mapped, in a hole or beyond user space:
 * EACCES, with the address in the explanation. No process is ESRCH, a length of
 * 0 EINVAL. What failed stores nothing and maps nothing.
 */
#include "caller.h"
#include "target.h"
#include <mman_peer/companions.h>

static off64_t offset = 4242;
static size_t contiguous = 4243;

static void fails(struct target *t, uintptr_t a, size_t len, int want)
{
	char word[32];
	UNMAP_FAILS_CLEANLY(t, mem_offset64_peer(t->pid, a, len, &offset, &contiguous), want);
	CHECK(offset == 4242 && contiguous == 4243);
	snprintf(word, sizeof word, "%#zx", (size_t)a);
	CHECK(want != EACCES || strstr(mman_peer_explain(), word) != NULL);
}

static void test(struct target *t)
{
	const size_t page = check_page();
	unsigned char *a;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 3 * page, READ_WRITE, PRIVATE_ANON, NOFD, 0));
	CHECK_OK(munmap_peer(t->pid, a + page, page));
	fails(t, (uintptr_t)a + page, page, EACCES);
	fails(t, (uintptr_t)a + page, 1, EACCES);
	fails(t, (uintptr_t)a + 2 * page - 1, 2, EACCES);
	fails(t, 5, 1, EACCES);
	fails(t, UINTPTR_MAX / 2, 1, EACCES);
	fails(t, (uintptr_t)a, 0, EINVAL);
	CHECK_FAILS(mem_offset64_peer(-5, (uintptr_t)a, 0, &offset, &contiguous), -1, ESRCH);
	CHECK_FAILS(mem_offset64_peer(-5, (uintptr_t)a, page, &offset, &contiguous), -1, ESRCH);
	CHECK(offset == 4242 && contiguous == 4243);
	CHECK_OK(munmap_peer(t->pid, a, 3 * page));
}

int main(void) { own_and_peer(NULL, test); return 0; }
