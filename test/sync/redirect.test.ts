import { describe, expect, it } from 'vitest';
import { GridError } from '../../src/model/error.ts';
import { MovingUrl, Redirected, redirectedUrl } from '../../src/sync/redirect.ts';

const end = '/info/refs?service=git-upload-pack';

describe('a redirect', () => {
  it.each([
    ['https://h/old', `https://h/new${end}`, 'https://h/new'],
    ['https://h/old', `/new.git${end}`, 'https://h/new.git'],
    ['http://127.0.0.1/old', `https://127.0.0.1/old${end}`, 'https://127.0.0.1/old'],
    ['https://h:8443/old', `https://h:8443/new${end}`, 'https://h:8443/new'],
  ])('of %s to %s is followed', (url, location, expected) => {
    expect(redirectedUrl(url, location)).toBe(expected);
  });

  it.each([
    ['https://h/old', `https://evil/old${end}`],
    ['https://h/old', `https://h.evil/old${end}`],
    ['https://h/old', `https://h@evil/old${end}`],
    ['https://git.acme.example/old', `https://git.acme.example.evil/old${end}`],
    ['https://git.acme.example/old', `https://git.acme.example-evil/old${end}`],
    ['https://h/old', `//evil/old${end}`],
    ['https://h/old', `http://h/old${end}`],
    ['https://h/old', `https://h:8443/old${end}`],
    ['http://h:8080/old', `https://h/old${end}`],
    ['https://h/old', 'https://h/login'],
    ['https://h/old', `file:///old${end}`],
    ['https://h/old', 'https://'],
  ])('of %s to %s is not', (url, location) => {
    expect(redirectedUrl(url, location)).toBeNull();
  });

  it('is remembered', async () => {
    const moving = new MovingUrl('https://h/old');
    const asked: string[] = [];
    const work = async (url: string): Promise<string> => {
      asked.push(url);
      if (url.endsWith('/old')) throw new Redirected(`https://h/new${end}`);
      return await Promise.resolve(url);
    };

    await moving.follow(work);
    await moving.follow(work);

    expect(asked).toEqual(['https://h/old', 'https://h/new', 'https://h/new']);
  });

  it('in circles ends, and the next try starts at the beginning', async () => {
    const moving = new MovingUrl('https://h/a');
    const asked: string[] = [];
    const work = (url: string): Promise<never> => {
      asked.push(url);
      return Promise.reject(new Redirected(`${url}x${end}`));
    };

    await expect(moving.follow(work)).rejects.toThrow(GridError);
    await expect(moving.follow(work)).rejects.toThrow(GridError);

    expect(asked.slice(0, 3)).toEqual(['https://h/a', 'https://h/ax', 'https://h/axx']);
    expect(asked[3]).toBe('https://h/a');
  });
});
