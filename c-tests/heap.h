/*
 * heap.h: the test's own malloc(), calloc(), realloc(), free() and their kin,
 * which the library would use too if it used any. While heap_forbidden is set,
 * a thread that comes here ends the test. Memory is handed out from an array
 * and never taken back.
 */
#ifndef HEAP_H
#define HEAP_H
#include "check.h"

static _Thread_local volatile int heap_forbidden;
/* Run from within the next malloc(), with the heap in use: see safe_*. */
static void (*volatile heap_interruption)(void);
static volatile unsigned long heap_uses;

static unsigned char heap_array[64 << 20] __attribute__((aligned(64)));
static size_t heap_used;

static inline void heap_entered(const char *name)
{
	__atomic_add_fetch(&heap_uses, 1, __ATOMIC_RELAXED);
	if (heap_forbidden) {
		heap_forbidden = 0;
		fprintf(stderr, "%s() was used in a call\n", name);
		check_failed(__FILE__, __LINE__, "no heap in any call");
	}
}

/* The size stands in the 16 bytes before the block. */
static inline void *heap_block(size_t size, size_t align)
{
	size_t room = size + align + 16, end;
	uintptr_t start;
	if (size > sizeof heap_array || align > sizeof heap_array)
		return NULL;
	end = __atomic_add_fetch(&heap_used, room, __ATOMIC_RELAXED);
	if (end > sizeof heap_array)
		check_failed(__FILE__, __LINE__, "heap.h: the array is used up");
	start = ((uintptr_t)heap_array + end - room + 16 + align - 1) & ~(uintptr_t)(align - 1);
	*(size_t *)(start - 16) = size;
	return (void *)start;
}

void *malloc(size_t size)
{
	void (*interruption)(void) = heap_interruption;
	heap_entered("malloc");
	if (interruption != NULL) {
		heap_interruption = NULL;
		heap_forbidden = 1;
		interruption();
		heap_forbidden = 0;
	}
	return heap_block(size, 16);
}

void *calloc(size_t count, size_t size)
{
	size_t bytes;
	heap_entered("calloc");
	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	return heap_block(bytes, 16);
}

void *realloc(void *old, size_t size)
{
	void *block;
	heap_entered("realloc");
	block = heap_block(size, 16);
	if (block != NULL && old != NULL) {
		size_t had = *(size_t *)((uintptr_t)old - 16);
		memcpy(block, old, had < size ? had : size);
	}
	return block;
}

void free(void *block)
{
	if (block != NULL)
		heap_entered("free");
}

void *memalign(size_t align, size_t size)
{
	heap_entered("memalign");
	return heap_block(size, align < 16 ? 16 : align);
}

void *aligned_alloc(size_t align, size_t size)
{
	heap_entered("aligned_alloc");
	return heap_block(size, align < 16 ? 16 : align);
}

int posix_memalign(void **block, size_t align, size_t size)
{
	heap_entered("posix_memalign");
	*block = heap_block(size, align < 16 ? 16 : align);
	return *block == NULL ? ENOMEM : 0;
}

#endif
