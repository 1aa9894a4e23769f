/*
 * A 32-bit process is no target of a 64-bit caller: ENOTSUP, with the reason,
 * and the process goes on. The program is a few instructions of i386, written
 * to a file here, so that no 32-bit compiler or library is needed.
 */
#include "disturb.h"
#include <elf.h>

/* read(10) a byte, write(11) it back, until there is no more; then exit(0). */
__asm__(
	".pushsection .rodata\n"
	".code32\n"
	"i386_begin:\n"
	"1:	mov $3, %eax; mov $10, %ebx; lea -16(%esp), %ecx; mov $1, %edx; int $0x80\n"
	"	cmp $1, %eax; jne 2f\n"
	"	mov $4, %eax; mov $11, %ebx; lea -16(%esp), %ecx; mov $1, %edx; int $0x80\n"
	"	jmp 1b\n"
	"2:	mov $1, %eax; xor %ebx, %ebx; int $0x80\n"
	"i386_end:\n"
	".code64\n"
	".popsection\n"
);
extern const char i386_begin[], i386_end[];

#define LOAD_ADDRESS 0x08048000

static int i386_program(void)
{
	struct { Elf32_Ehdr e; Elf32_Phdr p; char code[256]; } image;
	size_t size = (size_t)(i386_end - i386_begin);
	int fd;
	memset(&image, 0, sizeof image);
	CHECK(size <= sizeof image.code);
	memcpy(image.e.e_ident, ELFMAG "\1\1\1", 7);    /* 32 bits, little endian, version 1 */
	image.e.e_type = ET_EXEC;
	image.e.e_machine = EM_386;
	image.e.e_version = EV_CURRENT;
	image.e.e_entry = LOAD_ADDRESS + offsetof(typeof(image), code);
	image.e.e_phoff = offsetof(typeof(image), p);
	image.e.e_ehsize = sizeof image.e;
	image.e.e_phentsize = sizeof image.p;
	image.e.e_phnum = 1;
	image.p.p_type = PT_LOAD;
	image.p.p_vaddr = image.p.p_paddr = LOAD_ADDRESS;
	image.p.p_filesz = image.p.p_memsz = sizeof image;
	image.p.p_flags = PF_R | PF_X;
	image.p.p_align = 0x1000;
	memcpy(image.code, i386_begin, size);
	CHECK((fd = memfd_create("i386", MFD_CLOEXEC)) != -1);
	CHECK(write(fd, &image, sizeof image) == sizeof image);
	return fd;
}

static int to[2], from[2], program;

static int target(int channel)
{
	char *none[] = { "i386", NULL };
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
	program = i386_program();
	p = peer_start(target);
	close(from[1]);
	answer = (struct pollfd){ .fd = from[0], .events = POLLIN };
	CHECK(write(to[1], &b, 1) == 1);
	CHECK(poll(&answer, 1, 10000) == 1);
	if (!(answer.revents & POLLIN)) {
		CHECK(peer_status(&p) == 77);
		check_skip("this kernel runs no 32-bit programs");
	}
	CHECK(read(from[0], &b, 1) == 1);
	await_syscall(p.pid, 3 /* i386's read */);
	portrait_take(p.pid, &before);
	for (i = 0; i < 5; i++) {
		CHECK_MAP_FAILS(mmap_peer(p.pid, NULL, check_page(), PROT_READ, MAP_PRIVATE | MAP_ANON, NOFD, 0), ENOTSUP);
		fprintf(stderr, "%s\n", mman_peer_explain());
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
