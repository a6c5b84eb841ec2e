// The phone in this browser: Twilio's own voice SDK, unmodified, speaking with kaden and with nobody else.
//
// It goes on while the console shows other pages, until somebody goes off duty or leaves. The SDK is loaded on demand.
import type { Call, Device } from '@twilio/voice-sdk';
import bundle from '../../node_modules/@twilio/voice-sdk/dist/twilio.min.js?url';
import { get, post, Refused } from './ask';
import { NotCalled, trouble, type Trouble } from './trouble';
import type { Callee, PhoneToken } from './types';

type SDK = { Device: new (token: string, options: Record<string, unknown>) => Device };

/** off · starting · on duty · on duty and not connected at the moment */
export type Duty = 'off' | 'starting' | 'on' | 'lost';
/** ringing is somebody who calls us; calling is a call of ours that nobody has answered yet, heard once it rings there */
export type Stage = 'none' | 'ringing' | 'calling' | 'talking' | 'broken';

const sound = (name: string) => `/phone/sounds/${name}.wav`;
const sounds = {
  incoming: sound('ring'),
  outgoing: sound('none'),
  disconnect: sound('none'),
  ...Object.fromEntries([...'0123456789sh'].map((k) => ['dtmf' + k, sound(k)])),
};

let loading: Promise<SDK> | undefined;

/** Loads the SDK's own file. It knows wss alone; a console that came over http speaks with it without TLS. */
function load(): Promise<SDK> {
  loading ??= new Promise<SDK>((done, failed) => {
    if (location.protocol === 'http:') {
      const Plain = window.WebSocket;
      window.WebSocket = class extends Plain {
        constructor(url: string | URL, protocols?: string | string[]) {
          super(String(url).replace(/^wss:/, 'ws:'), protocols);
        }
      };
    }
    const script = document.createElement('script');
    script.src = bundle;
    script.onload = () => done((window as unknown as { Twilio: SDK }).Twilio);
    script.onerror = () => {
      loading = undefined;
      failed(new Refused(0, ''));
    };
    document.head.append(script);
  });
  return loading;
}

class Phone {
  duty = $state<Duty>('off');
  stage = $state<Stage>('none');
  trouble = $state.raw<Trouble | undefined>();
  /** Under which address this browser rings, and whether any plan knows it. */
  identity = $state('');
  listed = $state(true);
  /** Whom the call is with, as it is shown. */
  from = $state('');
  /** A call of ours rings at the other end. */
  rings = $state(false);
  /** What speaks against calling the one who is being called. */
  warning = $state('');
  since = $state(0);
  muted = $state(false);
  /** How loud it is, 0 to 1: from here, and from there. */
  mine = $state(0);
  theirs = $state(0);
  pressed = $state('');
  inputs = $state.raw<MediaDeviceInfo[]>([]);
  outputs = $state.raw<MediaDeviceInfo[]>([]);
  input = $state('default');
  output = $state('default');
  testing = $state(false);

  private person = '';
  private device: Device | undefined;
  private call: Call | undefined;
  private stopTest: (() => void) | undefined;
  private attempt = 0; // to call; what belongs to an earlier one is over

  /** Goes on duty: asks for the microphone, and for the ringtone's permission by being a press of a button. */
  async begin(person: string) {
    this.duty = 'starting';
    this.trouble = undefined;
    try {
      await (await this.ready(person)).register();
      this.duty = 'on';
      if ('Notification' in window && Notification.permission === 'default') void Notification.requestPermission();
    } catch (err) {
      this.trouble = trouble(err);
      this.end();
    }
  }

  /** Calls somebody; on duty or not. name is what the page shows meanwhile. */
  async dial(person: string, to: string, name: string) {
    if (this.stage !== 'none') return;
    const attempt = ++this.attempt;
    const still = () => this.attempt === attempt && this.stage === 'calling';
    this.stopTest?.();
    this.stage = 'calling';
    this.trouble = undefined;
    this.from = name;
    this.rings = false;
    this.warning = this.pressed = '';
    try {
      const callee = await get<Callee>(`/api/phone/callee?to=${encodeURIComponent(to)}`).catch((err: unknown) => {
        throw err instanceof Refused && err.status === 422 ? new NotCalled(err) : err;
      });
      const device = await this.ready(person);
      if (!still()) return;
      this.warning = callee.warning ?? '';
      const call = await device.connect({ params: { To: callee.to } });
      if (!still()) {
        call.disconnect();
        return;
      }
      this.call = call;
      call.on('ringing', () => this.call === call && (this.rings = true));
      this.attend(call);
    } catch (err) {
      if (!still()) return;
      this.over();
      this.trouble = trouble(err);
    }
  }

  /** The device, with the microphone allowed: for being on duty, or for a call alone. */
  private async ready(person: string): Promise<Device> {
    if (this.device && this.person === person) return this.device;
    if (!navigator.mediaDevices) throw new DOMException('', 'SecurityError'); // neither https nor localhost
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    stream.getTracks().forEach((t) => t.stop());
    const { Device } = await load();
    this.person = person;
    const token = await this.token();
    this.device?.destroy();
    const device = new Device(token, {
      chunderw: location.host, publishEvents: false, sounds, closeProtection: true, allowIncomingWhileBusy: true,
      enableImprovedSignalingErrorPrecision: true, tokenRefreshMs: 120_000, logLevel: 'silent',
    });
    this.device = device;
    this.follow(device);
    if (this.input !== 'default') void this.speak(this.input);
    if (this.output !== 'default') void this.hear(this.output);
    void this.list();
    return device;
  }

  /** Whether there is a telephone whose devices can be chosen. */
  get there(): boolean {
    return this.inputs.length > 0 && (this.duty === 'on' || this.duty === 'lost' || this.stage !== 'none');
  }

  /** Goes off duty. A call in progress ends. */
  end() {
    this.stopTest?.();
    this.device?.destroy();
    this.device = undefined;
    this.over();
    this.duty = 'off';
  }

  accept() {
    this.call?.accept();
  }

  reject() {
    this.call?.reject();
    this.over();
  }

  hangUp() {
    if (this.call) this.call.disconnect();
    else this.over(); // it was not on its way yet
  }

  mute(on: boolean) {
    this.call?.mute(on);
    this.muted = on;
  }

  press(key: string) {
    this.call?.sendDigits(key);
    this.pressed = (this.pressed + key).slice(-12);
  }

  async hear(id: string) {
    this.output = id;
    await Promise.all([this.device?.audio?.speakerDevices.set(id), this.device?.audio?.ringtoneDevices.set(id)]).catch((err: unknown) => (this.trouble = trouble(err)));
  }

  async speak(id: string) {
    this.input = id;
    this.stopTest?.();
    await this.device?.audio?.setInputDevice(id).catch((err: unknown) => (this.trouble = trouble(err)));
  }

  get choosesOutput(): boolean {
    return this.device?.audio?.isOutputSelectionSupported ?? false;
  }

  /** Shows how loud the microphone is, for ten seconds. */
  async test() {
    this.stopTest?.();
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: this.input === 'default' ? true : { deviceId: { exact: this.input } } });
      const context = new AudioContext();
      const analyser = context.createAnalyser();
      context.createMediaStreamSource(stream).connect(analyser);
      const samples = new Float32Array(analyser.fftSize);
      this.testing = true;
      const tick = setInterval(() => {
        analyser.getFloatTimeDomainData(samples);
        this.mine = Math.min(1, 4 * Math.sqrt(samples.reduce((sum, v) => sum + v * v, 0) / samples.length));
      }, 60);
      const stop = () => {
        clearInterval(tick);
        clearTimeout(limit);
        stream.getTracks().forEach((t) => t.stop());
        void context.close();
        this.testing = false;
        this.mine = 0;
        this.stopTest = undefined;
      };
      const limit = setTimeout(stop, 10_000);
      this.stopTest = stop;
    } catch (err) {
      this.trouble = trouble(err);
    }
  }

  private async token(): Promise<string> {
    const t = await post<PhoneToken>('/api/phone', { person: this.person });
    this.identity = t.identity;
    this.listed = t.listed;
    return t.token;
  }

  private follow(device: Device) {
    device.on('registered', () => {
      this.duty = 'on';
      if (this.trouble?.kind === 'lost') this.trouble = undefined;
    });
    device.on('unregistered', () => {
      if (this.device === device && this.duty === 'on') this.duty = 'lost';
    });
    device.on('error', (err: unknown) => {
      if (this.device !== device || this.duty === 'starting') return;
      if (this.duty === 'off' && this.stage === 'none') return; // nobody waits for it
      this.trouble = trouble(err);
    });
    device.on('tokenWillExpire', () => void this.renew(device));
    device.on('incoming', (call: Call) => this.incoming(call));
    device.audio?.on('deviceChange', () => void this.list());
  }

  private async renew(device: Device) {
    try {
      device.updateToken(await this.token());
    } catch (err) {
      this.trouble = trouble(err); // two minutes are left; the SDK's next error, if any, says more
      setTimeout(() => this.device === device && void this.renew(device), 15_000);
    }
  }

  private incoming(call: Call) {
    if (this.stage === 'calling' || (this.call && this.call.status() !== 'closed')) return; // this person is talking; another way, or another person, is rung
    this.stopTest?.();
    this.call = call;
    this.stage = 'ringing';
    this.trouble = undefined;
    this.from = call.parameters.From ?? '';
    this.warning = this.pressed = '';
    this.attend(call);
    if (document.hidden && 'Notification' in window && Notification.permission === 'granted') {
      const n = new Notification('kaden ☎', { body: this.from, tag: 'kaden-call', requireInteraction: true });
      n.onclick = () => window.focus();
      for (const end of ['accept', 'cancel', 'disconnect', 'reject']) call.on(end, () => n.close());
    }
  }

  /** Follows a call, whoever has made it. */
  private attend(call: Call) {
    const mine = () => this.call === call;
    const over = () => mine() && this.over();
    call.on('accept', () => {
      if (!mine()) return;
      this.stage = 'talking';
      this.since = Date.now();
      this.muted = false;
    });
    for (const end of ['cancel', 'disconnect', 'reject']) call.on(end, over);
    call.on('volume', (input: number, output: number) => {
      if (mine()) [this.mine, this.theirs] = [input, output];
    });
    // When its socket is cut before anybody has answered, a call is forgotten by the SDK without an event of its own. kaden
    // ends one that we have made, and rings again for one that came.
    (call as unknown as { on(kind: string, f: () => void): void }).on('transportClose', () => {
      if (!mine() || (this.stage !== 'ringing' && this.stage !== 'calling')) return;
      const ours = this.stage === 'calling';
      this.over();
      if (!ours) return;
      call.disconnect(); // or it would keep the microphone
      this.trouble = { kind: 'lost', detail: '' };
    });
    call.on('reconnecting', () => mine() && (this.stage = 'broken'));
    call.on('reconnected', () => mine() && (this.stage = 'talking'));
    call.on('error', (err: unknown) => {
      if (mine()) this.trouble = trouble(err);
    });
  }

  private over() {
    this.call = undefined;
    this.stage = 'none';
    this.rings = false;
    this.muted = false;
    this.mine = this.theirs = 0;
  }

  private async list() {
    const all = await navigator.mediaDevices.enumerateDevices();
    this.inputs = all.filter((d) => d.kind === 'audioinput');
    this.outputs = all.filter((d) => d.kind === 'audiooutput');
  }
}

export const phone = new Phone();
