/*
 * A 32-bit process of ARM is no target: ENOTSUP, with the reason, and the process
 * goes on. The program is a few instructions of A32, written to a file here, so
 * that no other compiler or library is needed.
 */
#include "disturb.h"
#include <elf.h>

#if defined(__aarch64__)

#define LOAD_ADDRESS 0x10000

/* read(10) a byte, write(11) it back, until there is no more; then exit(0). */
static const uint32_t code[] = {
	0xe3a07003,     /* 0: mov r7, #3 (read) */
	0xe3a0000a,     /* mov r0, #10 */
	0xe24d1010,     /* sub r1, sp, #16 */
	0xe3a02001,     /* mov r2, #1 */
	0xef000000,     /* svc 0 */
	0xe3500001,     /* cmp r0, #1 */
	0x1a000005,     /* bne 1f */
	0xe3a07004,     /* mov r7, #4 (write) */
	0xe3a0000b,     /* mov r0, #11 */
	0xe24d1010,     /* sub r1, sp, #16 */
	0xe3a02001,     /* mov r2, #1 */
	0xef000000,     /* svc 0 */
	0xeafffff2,     /* b 0b */
	0xe3a07001,     /* 1: mov r7, #1 (exit) */
	0xe3a00000,     /* mov r0, #0 */
	0xef000000,     /* svc 0 */
};

static int arm_program(void)
{
	struct { Elf32_Ehdr e; Elf32_Phdr p; uint32_t code[16]; } image;
	int fd;
	memset(&image, 0, sizeof image);
	memcpy(image.e.e_ident, ELFMAG "\1\1\1", 7);    /* 32 bits, little endian, version 1 */
	image.e.e_type = ET_EXEC;
	image.e.e_machine = EM_ARM;
	image.e.e_version = EV_CURRENT;
	image.e.e_flags = 0x05000000;                   /* EABI 5 */
	image.e.e_entry = LOAD_ADDRESS + offsetof(typeof(image), code);
	image.e.e_phoff = offsetof(typeof(image), p);
	image.e.e_ehsize = sizeof image.e;
	image.e.e_phentsize = sizeof image.p;
	image.e.e_phnum = 1;
	image.p.p_type = PT_LOAD;
	image.p.p_vaddr = image.p.p_paddr = LOAD_ADDRESS;
	image.p.p_filesz = image.p.p_memsz = sizeof image;
	image.p.p_flags = PF_R | PF_X;
	image.p.p_align = 0x10000;
	memcpy(image.code, code, sizeof code);
	CHECK((fd = memfd_create("arm", MFD_CLOEXEC)) != -1);
	CHECK(write(fd, &image, sizeof image) == sizeof image);
	return fd;
}

static int to[2], from[2], program;

static int target(int channel)
{
	char *none[] = { "arm", NULL };
	(void)channel;
	CHECK(dup2(to[0], 10) == 10 && dup2(from[1], 11) == 11);
	close(to[1]);
	fexecve(program, none, none + 1);
	_exit(errno == ENOEXEC ? 77 : 1);
}

static void check_answer(void)
{
	char b = 'a';
	CHECK(write(to[1], &b, 1) == 1 && read(from[0], &b, 1) == 1 && b == 'a');
}

int main(void)
{
	static struct portrait before, after;
	struct peer p;
	struct pollfd answer;
	char b = 'a';
	int i;
	CHECK(pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0);
	program = arm_program();
	p = peer_start(target);
	close(from[1]);
	answer = (struct pollfd){ .fd = from[0], .events = POLLIN };
	CHECK(write(to[1], &b, 1) == 1);
	CHECK(poll(&answer, 1, 10000) == 1);
	if (!(answer.revents & POLLIN)) {
		CHECK(peer_status(&p) == 77);
		check_skip("this machine runs no 32-bit programs");
	}
	CHECK(read(from[0], &b, 1) == 1);
	await_syscall(p.pid, 3 /* ARM's read */);
	portrait_take(p.pid, &before);
	for (i = 0; i < 5; i++) {
		CHECK_MAP_FAILS(mmap_peer(p.pid, NULL, check_page(), PROT_READ, MAP_PRIVATE | MAP_ANON, NOFD, 0), ENOTSUP);
		CHECK_UNMAP_FAILS(munmap_peer(p.pid, (void *)LOAD_ADDRESS, check_page()), ENOTSUP);
		check_answer();
	}
	await_syscall(p.pid, 3);
	portrait_take(p.pid, &after);
	portrait_same(&before, &after);
	close(to[1]);
	CHECK(peer_status(&p) == 0);
	return 0;
}
#else
int main(void) { check_skip("this processor runs no programs of ARM"); }
#endif
