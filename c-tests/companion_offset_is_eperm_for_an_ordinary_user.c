/*
 * Since Linux 4.2 the kernel shows frame numbers only with CAP_SYS_ADMIN
 * (fs/proc/task_mmu.c, pagemap_read): mem_offset64_peer() of ordinary memory is
 * EPERM without it, names the capability and stores nothing.
 * runs-as: user
 */
#include "caller.h"
#include "target.h"
#include <mman_peer/companions.h>

static void test(struct target *t)
{
	off64_t offset = 4242;
	size_t contiguous = 4243;
	unsigned char *a;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 3 * check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
	target_write(t, a, 1);
	CHECK_FAILS(mem_offset64_peer(t->pid, (uintptr_t)a, 100, &offset, &contiguous), -1, EPERM);
	CHECK(strstr(mman_peer_explain(), "CAP_SYS_ADMIN") != NULL);
	/* Of a page that was absent, too. */
	CHECK_FAILS(mem_offset64_peer(t->pid, (uintptr_t)a + check_page(), 100, &offset, NULL), -1, EPERM);
	CHECK(strstr(mman_peer_explain(), "CAP_SYS_ADMIN") != NULL);
	CHECK(offset == 4242 && contiguous == 4243);
	CHECK_OK(munmap_peer(t->pid, a, 3 * check_page()));
}

int main(void) { own_and_peer(NULL, test); return 0; }
